import { createHash } from 'node:crypto'
import pLimit from 'p-limit'

/** Each copies the part that it works on, so there are few at a time. */
const digesting = pLimit(2)

/** The SHA-256 of a part, as S3 takes it (base64); computed on another thread. */
export async function partDigest(part: Uint8Array): Promise<string> {
  // A small one is done before another thread would begin.
  if (part.length < 64 * 1024) return createHash('sha256').update(part).digest('base64')
  const digest = await digesting(async () => crypto.subtle.digest('SHA-256', part as Uint8Array<ArrayBuffer>))
  return Buffer.from(digest).toString('base64')
}

/** What S3 tells as the checksum of an object that was uploaded in parts: the digest of the digests, and how many. */
export function compositeDigest(digests: readonly string[]): string {
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(digest, 'base64')
  return `${hash.digest('base64')}-${digests.length}`
}
