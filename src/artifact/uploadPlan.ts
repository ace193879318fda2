import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import { holdfastVersion } from '../core/version.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import type { ArtifactFacts } from './artifactFacts.ts'
import { type ExportedMeta, readExportedMeta, requireAsExported } from './exportedMeta.ts'
import type { LocalArtifact } from './localArtifact.ts'
import { type Checksums, type Measured, measureArtifact } from './measure.ts'
import { isGzipName, keyOf, metaKeyOf } from './objectKey.ts'
import { partSizeFor } from './partSize.ts'
import { lookAt, objectUri } from './remoteObject.ts'

/** What the user says of an upload. */
export interface UploadRequest {
  prefix: string
  /** Gzip it on its way, unless its name says that it is gzipped. */
  compress: boolean
  dbName: string | undefined
  softwareVersion: string | undefined
  commit: string | undefined
  /** Ask nothing of the bucket. */
  dryRun: boolean
}

/** What an upload would do: plain data. */
export interface UploadPlan {
  file: string
  uri: string
  bucket: string
  key: string
  metaKey: string
  compress: boolean
  /** Bytes stored, and their SHA-256. */
  size: number
  sha256: string
  /** Undefined where the file is read only as it is sent, and compared then with what is told of it. */
  read: Checksums | undefined
  partSize: number
  parts: number
  /** What the server is asked for. */
  encryption: { algorithm: string; keyId?: string | undefined } | undefined
  facts: ArtifactFacts
}

/**
 * Measures a file and plans its upload; nothing is sent. A large file that has the `.meta` of its export beside it is not read for that,
 * where nothing has its key yet: it is compared with that as it is sent.
 * @throws HoldfastError `usage` for a name that makes a bad key, `integrity` where it is not what the `.meta` beside it says.
 */
export async function planUpload(
  bucket: Bucket,
  artifact: LocalArtifact,
  request: UploadRequest,
  { clock, progress, signal }: { clock: Clock; progress: ProgressListener; signal: AbortSignal },
): Promise<UploadPlan> {
  const compress = request.compress && !isGzipName(artifact.path)
  const key = keyOf(artifact.path, { prefix: request.prefix, compress })
  const exported = await readExportedMeta(artifact.path)
  const partSize = partSizeFor(artifact.size)
  const isLarge = artifact.size > partSize && !compress
  const isReadOnce = isLarge && exported && !request.dryRun && (await lookAt(bucket, key, signal)) === undefined
  const measured: Measured = isReadOnce
    ? { size: artifact.size, sha256: exported.sha256, read: undefined, source: undefined }
    : await measureArtifact(artifact, { compress, partSize, progress, signal })
  if (exported) requireAsExported(artifact.path, exported, measured.source ?? measured)
  const { size, sha256, read } = measured
  return {
    file: artifact.path,
    uri: objectUri(bucket, key),
    bucket: bucket.name,
    key,
    metaKey: metaKeyOf(key),
    compress,
    size,
    sha256,
    read,
    partSize,
    parts: Math.ceil(size / partSize),
    encryption: bucket.encryption,
    facts: factsOf(measured, request, exported, clock.now()),
  }
}

function factsOf(
  { size, sha256, source }: Measured,
  { dbName, softwareVersion, commit }: UploadRequest,
  exported: ExportedMeta | undefined,
  now: Date,
): ArtifactFacts {
  const facts: { [Name in keyof ArtifactFacts]: ArtifactFacts[Name] | undefined } = {
    sha256,
    size,
    created_by: `holdfast ${holdfastVersion()}`,
    commit_sha: commit,
    db_name: dbName ?? exported?.database ?? 'neo4j',
    timestamp: now.toISOString(),
    software_version: softwareVersion ?? exported?.neo4j,
    source_sha256: source?.sha256,
    source_size: source?.size,
    transaction_id: exported?.transaction && String(exported.transaction.id),
    backup: exported?.backup,
  }
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as ArtifactFacts
}
