import type { ServerSideEncryption } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'
import { isAlias, mayBeKey } from './kmsKey.ts'

/** The part of a put that asks for encryption. */
export interface EncryptionHeaders {
  ServerSideEncryption?: ServerSideEncryption
  SSEKMSKeyId?: string
}

export function encryptionHeaders({ encryption }: Bucket): EncryptionHeaders {
  if (encryption === undefined) return {}
  const { algorithm, keyId } = encryption
  return { ServerSideEncryption: algorithm, ...(keyId === undefined ? {} : { SSEKMSKeyId: keyId }) }
}

/** What a server tells of the encryption of an object, in its answer to a put, a part or a look at it. */
export interface ToldEncryption {
  ServerSideEncryption?: ServerSideEncryption | undefined
  SSEKMSKeyId?: string | undefined
}

/**
 * There are servers that take the headers of encryption and store plain text.
 * @throws HoldfastError `refused` where the answer does not confirm the encryption that was asked for, or names another key.
 */
export function requireEncryption({ encryption }: Bucket, key: string, told: ToldEncryption): void {
  if (encryption === undefined) return
  const { algorithm, keyId } = encryption
  const { ServerSideEncryption: found, SSEKMSKeyId: foundKey } = told
  if (found !== algorithm)
    throw new HoldfastError(
      'refused',
      `the server does not encrypt ${key}: expected it to confirm ${algorithm}, found ${found ?? 'no encryption'}`,
      { hint: 'use a server and bucket with server-side encryption, or give --sse none and encrypt the repository itself' },
    )
  if (keyId !== undefined && foundKey !== undefined && !mayBeKey(keyId, foundKey)) throw otherKey(key, keyId, foundKey)
}

/** Whether a server still owes the name of the key: one was asked for that can be compared with it, and it told none. */
export function owesKey({ encryption }: Bucket, { SSEKMSKeyId: told }: ToldEncryption): boolean {
  return encryption?.keyId !== undefined && !isAlias(encryption.keyId) && told === undefined
}

/** @throws HoldfastError `refused` where a key was asked for and even a look at the object tells none. */
export function requireKeyTold(bucket: Bucket, key: string, told: ToldEncryption): void {
  if (owesKey(bucket, told)) throw otherKey(key, bucket.encryption!.keyId!, 'none')
}

function otherKey(key: string, expected: string, found: string): HoldfastError {
  return new HoldfastError('refused', `the server encrypts ${key} with another key: expected ${expected}, found ${found}`, {
    hint: 'give the id or the full ARN of the key with --kms-key; see whether the server or the bucket puts its own key in place of it',
  })
}
