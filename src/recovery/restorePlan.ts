import { resolve } from 'node:path'
import { filesOf, type Manifest, type ManifestDatabase } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { endsOf, type Replay, replayNothing } from './replay.ts'
import { requireRoom, type Room } from './room.ts'
import { targetFailure } from './targetFailure.ts'
import { type Beginning, inspectTarget } from './target.ts'

/** What a restore would do; sizes in bytes. */
export interface RestorePlan {
  backup: string
  directory: string
  /** Where it would begin: at `nothing`, or where one that broke off stood. */
  from: Beginning['at']
  files: number
  size: number
  databases: PlannedDatabase[]
  /** Bytes that would be written, and that are free on the volume of the directory; null where that is not known. */
  room: Room | null
  /** Backups that were not considered, as their manifests are damaged. */
  damaged: string[]
  /** What the restored databases may lack, in sentences. */
  doubts: string[]
}

/** One database of a plan. */
interface PlannedDatabase {
  name: string
  /** The last transaction of the restored database, and of the backup. */
  lastTransaction: ManifestDatabase['lastTransaction']
  backupEnds: ManifestDatabase['lastTransaction']
  /** The lineage whose log is written behind the backup, in so many segments with so many bytes of log. */
  lineage: string | null
  segments: number
  replayed: number
}

/**
 * Tells what a restore would do, and changes nothing.
 * @throws HoldfastError `refused` where the restore would be, `failed` where the directory cannot be written or there is no room.
 */
export async function planRestore(
  repository: Repository,
  manifest: Manifest,
  {
    target,
    resume,
    replays = [],
    damaged = [],
    doubts = [],
  }: { target: string; resume: boolean; replays?: readonly Replay[]; damaged?: string[]; doubts?: string[] },
): Promise<RestorePlan> {
  const directory = resolve(target)
  const wanted = { backup: manifest.id, repository: repository.id, location: repository.location, ends: endsOf(replays), resume }
  const [{ at }, room] = await explained(directory, async (): Promise<[Beginning, Room | null]> => {
    const beginning = await inspectTarget(directory, wanted)
    return [beginning, beginning.at === 'end' ? null : await requireRoom(repository, manifest, { target: directory, replays })]
  })
  const databases = manifest.databases.map((base): PlannedDatabase => {
    const {
      to,
      from,
      lineage = null,
      links,
      size,
    } = replays.find(({ database }) => database === base.name) ?? replayNothing(base)
    return { name: base.name, lastTransaction: to, backupEnds: from, lineage, segments: links.length, replayed: size }
  })
  const size = databases.reduce((sum, { replayed }) => sum + replayed, manifest.totals.size)
  return { backup: manifest.id, directory, from: at, files: filesOf(manifest).length, size, room, databases, damaged, doubts }
}

async function explained<Result>(target: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw targetFailure(error, target)
  }
}
