import { DeleteObjectCommand, type ServerSideEncryption } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import type { Bucket } from './bucket.ts'

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

/** What a server answers to a put or to the begin of an upload in parts. */
export interface Answer {
  ServerSideEncryption?: ServerSideEncryption | undefined
  VersionId?: string | undefined
}

/**
 * There are servers that take the headers of encryption and store plain text.
 * @throws HoldfastError `refused` where the answer does not confirm the encryption that was asked for.
 */
export function requireEncryption({ encryption }: Bucket, key: string, { ServerSideEncryption: found }: Answer): void {
  if (encryption === undefined || found === encryption.algorithm) return
  throw new HoldfastError(
    'refused',
    `the server does not encrypt ${key}: expected it to confirm ${encryption.algorithm}, found ${found ?? 'no encryption'}`,
    { hint: 'use a server and bucket with server-side encryption, or give --sse none and encrypt the repository itself' },
  )
}

/** As {@link requireEncryption}, and what was stored without it is removed again. */
export async function requireStoredEncrypted(bucket: Bucket, key: string, answer: Answer): Promise<void> {
  try {
    requireEncryption(bucket, key, answer)
  } catch (error) {
    const version = answer.VersionId === undefined ? {} : { VersionId: answer.VersionId }
    await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key, ...version })).catch(() => {})
    throw error
  }
}
