import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { fileInTheWay } from '../core/fileInTheWay.ts'
import { systemReason } from '../core/systemReasons.ts'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { exportFormats, type ExportPlan } from './exportPlan.ts'

const schema = z.object({
  /** Name of the artifact, which lies in the same directory. */
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Bytes. */
  size: z.int().nonnegative(),
  database: z.string(),
  format: z.enum(exportFormats),
  /** The version of Neo4j that made the dump, and so the oldest that is sure to load it. */
  neo4j: z.string(),
  holdfast: z.string(),
  backup: z.string(),
  /** The last transaction in it. */
  transaction: z.object({ id: z.int(), checksum: z.int(), commitTime: z.iso.datetime() }),
  created: z.iso.datetime(),
})

/** What the file beside an artifact says of it. */
export type ExportMeta = z.infer<typeof schema>

interface ReadOptions {
  progress: ProgressListener
  signal: AbortSignal
}

/**
 * Looks whether an export was made before: the same database up to the same transaction, and the artifact still what its `.meta` says.
 * @returns its `.meta`, or undefined where nothing is there.
 * @throws HoldfastError `refused` where anything else is there.
 */
export async function alreadyExported(plan: ExportPlan, options: ReadOptions): Promise<ExportMeta | undefined> {
  const [artifact, text] = [await sizeOf(plan.artifact), await textOf(plan.metaFile)]
  if (artifact === undefined && text === undefined) return undefined
  if (text === undefined)
    throw refuseToOverwrite(plan.artifact, `it has no ${plan.metaFile}, so an earlier export broke off or it is another file`)
  if (artifact === undefined) throw refuseToOverwrite(plan.metaFile, `${plan.artifact} itself is missing`)
  const meta = parseMeta(text)
  if (meta === undefined) throw refuseToOverwrite(plan.metaFile, 'it is not what an export writes')
  const { database, format, transaction } = plan
  if (!isDeepStrictEqual([meta.database, meta.format, meta.transaction], [database, format, transaction])) {
    throw refuseToOverwrite(
      plan.artifact,
      `it is of backup ${meta.backup} up to transaction ${meta.transaction.id}, expected ${transaction.id}`,
    )
  }
  const { size, sha256 } = await measure(plan.artifact, options)
  if (size === meta.size && sha256 === meta.sha256) return meta
  throw refuseToOverwrite(plan.artifact, `its SHA-256 is ${sha256}, expected ${meta.sha256} as its .meta says`)
}

/** The error for a file that an export would have to overwrite. */
export function refuseToOverwrite(path: string, why: string): HoldfastError {
  return new HoldfastError('refused', `${path} is there already: ${why}`, {
    hint: 'nothing is overwritten: remove or move it, or choose another directory with --to-dir',
  })
}

/** The size of a file in bytes and its SHA-256 in hexadecimal, both read from the file itself. */
export async function measure(path: string, { progress, signal }: ReadOptions): Promise<{ size: number; sha256: string }> {
  const digest = createHash('sha256')
  const total = (await stat(path)).size
  let size = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal }) as AsyncIterable<Buffer>) {
    digest.update(chunk)
    size += chunk.length
    progress({ phase: 'checksum', done: size, total })
  }
  return { size, sha256: digest.digest('hex') }
}

function parseMeta(text: string): ExportMeta | undefined {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return orAbsent(path, async () => (await stat(path)).size)
}

async function textOf(path: string): Promise<string | undefined> {
  return orAbsent(path, async () => readFile(path, 'utf8'))
}

async function orAbsent<Value>(path: string, read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    if (hasSystemCode(error, 'ENOTDIR')) {
      const file = (await fileInTheWay(dirname(path))) ?? dirname(path)
      throw new HoldfastError('usage', `${file} is a file, expected a directory`, {
        hint: 'choose another directory with --to-dir',
      })
    }
    const known = systemReason(error)
    if (known)
      throw new HoldfastError('failed', `cannot look at ${path}: ${known.reason}`, {
        hint: 'choose a directory with --to-dir that this user may read and write',
        cause: error,
      })
    throw error
  }
}
