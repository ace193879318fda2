import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import type { Content } from './measure.ts'

const schema = z.object({
  sha256: z.string(),
  size: z.number(),
  database: z.string(),
  /** The version of Neo4j that made the dump. */
  neo4j: z.string(),
  backup: z.string().optional(),
  transaction: z.object({ id: z.number() }).optional(),
})

/** What `backup export` wrote beside a file about it, as far as it is used here. */
export type ExportedMeta = z.infer<typeof schema>

/** The path of the file that tells about an exported one. */
export function exportedMetaPath(path: string): string {
  return `${path}.meta`
}

/** @returns undefined where there is none, or it is of another program. */
export async function readExportedMeta(path: string): Promise<ExportedMeta | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(exportedMetaPath(path), 'utf8'))).data
  } catch (error) {
    if (error instanceof SyntaxError || hasSystemCode(error, 'ENOENT', 'EISDIR')) return undefined
    throw error
  }
}

/** @throws HoldfastError `integrity` where a file is not what was written beside it. */
export function requireAsExported(path: string, meta: Content, { size, sha256 }: Content): void {
  if (meta.size === size && meta.sha256 === sha256) return
  throw new HoldfastError(
    'integrity',
    `${path} is not what ${exportedMetaPath(path)} says: expected ${told(meta)}, found ${told({ size, sha256 })}`,
    {
      hint: 'export it again; where the file was replaced on purpose, remove the .meta beside it',
    },
  )
}

function told({ size, sha256 }: Content): string {
  return `${size} bytes with SHA-256 ${sha256}`
}
