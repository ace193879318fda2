import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, open, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { writeFileAtomically } from '../core/atomicFile.ts'
import type { Clock } from '../core/clock.ts'
import type { ProgressListener } from '../core/progress.ts'
import { holdfastVersion } from '../core/version.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { dumpRecovered } from './exportDump.ts'
import { exportFailure } from './exportFailure.ts'
import { alreadyExported, type ExportMeta, measure } from './exportMeta.ts'
import type { ExportPlan } from './exportPlan.ts'
import { publishExport } from './exportPublish.ts'
import { ScratchFolder } from '../core/scratchFolder.ts'
import { materialise } from './materialise.ts'
import type { Staging } from './staging.ts'

interface ExportOptions {
  /** How to run the scratch Neo4j that recovers the backup. */
  staging: Staging
  clock: Clock
  progress: ProgressListener
  signal: AbortSignal
}

/** What an export left. */
export interface Exported extends Pick<ExportPlan, 'artifact' | 'metaFile' | 'load'> {
  /** False where the same export was there already, and is still what its `.meta` says. */
  made: boolean
  meta: ExportMeta
}

/**
 * Exports one database of a backup as a file that plain `neo4j-admin database load` takes, with a `.meta` file beside it, written last.
 * A scratch copy of the backup lies in the same directory meanwhile.
 * @throws HoldfastError `refused` where another file has the artifact's name, `integrity` for a damaged backup,
 * `validation` where what was recovered does not end with the backup's last transaction.
 */
export async function exportBackup(
  repository: Repository,
  manifest: Manifest,
  plan: ExportPlan,
  options: ExportOptions,
): Promise<Exported> {
  const { artifact, metaFile, load } = plan
  const present = await alreadyExported(plan, options)
  if (present) return { made: false, artifact, metaFile, load, meta: present }
  try {
    return { made: true, artifact, metaFile, load, meta: await make(repository, manifest, plan, options) }
  } catch (error) {
    options.signal.throwIfAborted()
    throw exportFailure(error, plan)
  }
}

async function make(
  repository: Repository,
  manifest: Manifest,
  plan: ExportPlan,
  { staging, clock, progress, signal }: ExportOptions,
): Promise<ExportMeta> {
  const { backup, database, format, transaction, artifact, metaFile } = plan
  const installation = await staging(manifest)
  await using scratch = await ScratchFolder.create(dirname(artifact), '.holdfast-export-')
  const within = (name: string): string => join(scratch.path, name)
  await mkdir(within('data'))
  await materialise(repository, manifest, within('data'), { progress, signal })
  const dumped = await dumpRecovered(installation, {
    dataDir: within('data'),
    home: within('neo4j'),
    folder: within('dump'),
    manifest,
    database,
    progress,
    signal,
  })
  // Room for what follows.
  await rm(within('data'), { recursive: true })
  const made = format === 'dump' ? dumped : await compress(dumped, within('compressed'), { progress, signal })
  await makePrivateAndDurable(made)
  const { size, sha256 } = await measure(made, { progress, signal })
  const meta: ExportMeta = {
    file: basename(artifact),
    sha256,
    size,
    database,
    format,
    neo4j: installation.version,
    holdfast: holdfastVersion(),
    backup,
    transaction,
    created: clock.now().toISOString(),
  }
  await writeFileAtomically(within('meta'), `${JSON.stringify(meta, undefined, 2)}\n`)
  signal.throwIfAborted()
  await publishExport([made, artifact], [within('meta'), metaFile])
  return meta
}

/** The dump is compressed already, so more than the lowest level only costs time. */
async function compress(
  path: string,
  target: string,
  { progress, signal }: Pick<ExportOptions, 'progress' | 'signal'>,
): Promise<string> {
  let done = 0
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      done += chunk.length
      progress({ phase: 'compress', done, total })
      yield chunk
    }
  }
  const { size: total } = await stat(path)
  const source = createReadStream(path, { highWaterMark: 1 << 20 })
  await pipeline(source, count, createGzip({ level: 1 }), createWriteStream(target, { flags: 'wx' }), { signal })
  await rm(path)
  return target
}

async function makePrivateAndDurable(path: string): Promise<void> {
  await chmod(path, 0o600)
  await using handle = await open(path, 'r+')
  await handle.sync()
}
