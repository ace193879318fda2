import { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import type { Content } from './measure.ts'
import { readNote } from './noteBeside.ts'

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

/**
 * @returns undefined where there is none, or one in JSON without a SHA-256, as other programs write.
 * @throws HoldfastError `integrity` where it is not what an export writes any more: what it would say is then not known.
 */
export async function readExportedMeta(path: string): Promise<ExportedMeta | undefined> {
  const note = await readNote(exportedMetaPath(path))
  if (note === undefined) return undefined
  const content = parsed(note.toString())
  const { data } = schema.safeParse(content)
  if (data === undefined && (content === undefined || tellsDigest(content))) throw spoilt(path)
  return data
}

/** @returns undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What other programs keep in files of this name tells none. */
function tellsDigest(content: unknown): boolean {
  return typeof content === 'object' && content !== null && 'sha256' in content
}

function spoilt(path: string): HoldfastError {
  return new HoldfastError(
    'integrity',
    `${exportedMetaPath(path)} is cut or changed, or of another program: expected what an export wrote about ${path}`,
    {
      hint: 'export it again, for the file may be damaged as well; where another program wrote the .meta, move that away',
    },
  )
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
