import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileAtomically } from '../core/atomicFile.ts'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { processIdentity } from '../core/processIdentity.ts'

const states = ['RECOVERING', 'VALIDATION', 'SUCCESS', 'FAILED'] as const

const schema = z.object({
  holdfast: z.literal('restore'),
  format: z.literal(1),
  state: z.enum(states),
  backup: z.string(),
  repository: z.string(),
  /** The last transaction of each database that gets archived log behind its backup. */
  ends: z.record(z.string(), z.object({ id: z.int(), checksum: z.int() })).optional(),
  /** Which process restores, so that another one does not join it. */
  process: processIdentity,
  /** Whether that process has ended its work in good order, so that another may go on. */
  ended: z.boolean().optional(),
  /** To whom the directory is handed in the end; until then it is the restoring user's alone. */
  handOver: z.object({ uid: z.int(), gid: z.int(), mode: z.int() }).optional(),
  /** Whether a scratch Neo4j was started on the files, which changes them. */
  served: z.boolean().optional(),
  started: z.iso.datetime(),
  updated: z.iso.datetime(),
})

/** How far a restore has come; it lives beside the target directory, so that it outlives a crash. */
export type RestoreJournal = z.infer<typeof schema>

/** The journal of a restore into `target`: `<target>.holdfast-restore.json`. */
export function journalPath(target: string): string {
  return `${target.replace(/\/+$/, '')}.holdfast-restore.json`
}

/** @returns undefined where no restore into this directory was ever started. */
export async function readJournal(target: string): Promise<RestoreJournal | undefined> {
  const path = journalPath(target)
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined
    if (hasSystemCode(error, 'EISDIR')) {
      throw new HoldfastError('refused', `${path} is a directory, expected the journal of a restore or nothing`, {
        hint: 'move it away, or restore into another directory',
      })
    }
    throw error
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HoldfastError('integrity', `${path} is not a restore journal`, {
      cause,
      hint: `remove it and ${target}, and start the restore again`,
    })
  }
}

export async function writeJournal(target: string, journal: RestoreJournal): Promise<void> {
  await writeFileAtomically(journalPath(target), `${JSON.stringify(journal, undefined, 2)}\n`)
}
