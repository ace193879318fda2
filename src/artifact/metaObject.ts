import { HoldfastError } from '../core/errors.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { type ArtifactFacts, fromDocument, isDocument, toDocument } from './artifactFacts.ts'
import { lookAt, objectUri, put, readRange } from './remoteObject.ts'
import type { UploadPlan } from './uploadPlan.ts'

/** What became of the object that tells about an uploaded one. */
export type MetaWritten = 'written' | 'repaired' | 'kept'

/** More than any such object has. */
const mostBytes = 64 * 1024

/**
 * Writes the object that tells about another one, or leaves one that tells the same.
 * @throws HoldfastError `refused` where something is there that no upload wrote, unless by force.
 */
export async function writeMeta(
  bucket: Bucket,
  plan: UploadPlan,
  { facts, isNew, force, signal }: { facts: ArtifactFacts; isNew: boolean; force: boolean; signal: AbortSignal },
): Promise<MetaWritten> {
  const { metaKey, key } = plan
  if (!isNew && (await readMeta(bucket, metaKey, signal))?.sha256 === facts.sha256) return 'kept'
  const body = toDocument(facts, { bucket: bucket.name, key })
  const write = async (onlyNew: boolean): Promise<boolean> =>
    (await put(bucket, metaKey, body, { onlyNew, contentType: 'application/json', signal })) !== undefined
  if (!(await write(!force))) {
    await requireNoForeignMeta(bucket, plan, signal)
    await write(false)
  }
  return isNew ? 'written' : 'repaired'
}

/** @throws HoldfastError `refused` where something has the name of the object that tells about another one, and no upload wrote it. */
export async function requireNoForeignMeta(bucket: Bucket, { metaKey, uri }: UploadPlan, signal: AbortSignal): Promise<void> {
  if ((await lookAt(bucket, metaKey, signal)) === undefined || isDocument(await contentOf(bucket, metaKey, signal))) return
  throw new HoldfastError(
    'refused',
    `${objectUri(bucket, metaKey)} is not what an upload writes, expected that or nothing: it is to tell about ${uri}`,
    {
      hint: 'move it away, upload under another --prefix, or give --force to replace it',
    },
  )
}

/** What is told about an object; undefined where nothing is, or not as an upload writes it. */
export async function readMeta(bucket: Bucket, metaKey: string, signal: AbortSignal): Promise<ArtifactFacts | undefined> {
  if ((await lookAt(bucket, metaKey, signal)) === undefined) return undefined
  return fromDocument(await contentOf(bucket, metaKey, signal))
}

async function contentOf(bucket: Bucket, metaKey: string, signal: AbortSignal): Promise<Buffer> {
  return readRange(bucket, metaKey, { offset: 0, length: mostBytes }, signal)
}
