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
    await removeRefused(bucket, key, answer.VersionId, error)
  }
}

/**
 * Removes an object that a server stored otherwise than was asked for.
 * @throws always: why it was refused, and where it could not be removed, that too.
 */
export async function removeRefused(
  { client, name }: Bucket,
  key: string,
  version: string | undefined,
  why: unknown,
): Promise<never> {
  try {
    const which = version === undefined ? {} : { VersionId: version }
    await client.send(new DeleteObjectCommand({ Bucket: name, Key: key, ...which }))
  } catch (cause) {
    if (!(why instanceof HoldfastError)) throw why
    throw new HoldfastError(why.code, `${why.message}; it was stored, and may not be removed by this role`, {
      hint: `remove ${key} with another role; ${why.hint ?? ''}`,
      cause,
    })
  }
  throw why
}
