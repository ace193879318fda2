import { HoldfastError, ifDamaged } from '../core/errors.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { packsLease } from './backupWriter.ts'
import { readBlockTable } from './blockTable.ts'
import { acquireLease } from './lease.ts'
import { type ListedBackup, listBackups } from './listing.ts'
import type { ManifestDatabase } from './manifest.ts'
import {
  backupsPrefix,
  damagedPrefix,
  manifestName,
  packOfMarker,
  packOfName,
  partOfBackup,
  packsPrefix,
  proofOfName,
  proofsPrefix,
} from './names.ts'
import { isListed } from './contradiction.ts'
import { archivePrefix, parseGapName, parseSegmentName, rootLineage, rootOf, type SegmentName } from './segmentName.ts'

/** Whoever holds it decides alone which backups go. */
const deletionLease = 'deletion'

/** What deleting backups removes; the same object is shown before and returned after. */
export interface DeletionPlan {
  backups: string[]
  /** Objects that only these backups need, and once those are deleted all that nobody needs; sizes in bytes. */
  objects: { name: string; size: number }[]
  /** Bytes that removing them frees. */
  bytesFreed: number
  packsFreed: number
  packsKept: number
  /** Segments of archived log that go, and those that a kept backup needs. */
  segmentsFreed: number
  segmentsKept: number
}

export interface DeletionResult {
  plan: DeletionPlan
  /** Present where the backups are gone but their space is not freed yet, with the reason; the next delete frees it. */
  postponed?: string
}

export interface DeletionOptions extends StorageOptions {
  command?: string
  /** How long to wait for a running backup, or another delete, in milliseconds; 0 by default. */
  wait?: number
  /** Throws where they must not be deleted; called when no other delete can come in between. */
  mayDelete?: () => Promise<void>
}

/** What some backups need. */
interface Needed {
  /** By the id of a pack. */
  pack: (id: string) => boolean
  /** Whether it is one of them. */
  backup: (id: string) => boolean
  log: (range: { lineage: string; last: number }) => boolean
  /** Whether one of them is of the store of a lineage. */
  store: (lineage: string) => boolean
}

const anything: Needed = { pack: () => true, backup: () => true, log: () => true, store: () => true }

/**
 * Works out what deleting these backups would free; without ids, all that nobody needs. Nothing is changed.
 * @throws HoldfastError `usage` for an unknown id, `integrity` where a kept backup cannot be read, as then nobody knows what it needs.
 */
export async function planDeletion(access: Access, ids: readonly string[], options: StorageOptions = {}): Promise<DeletionPlan> {
  const { storage } = access
  const backups = await listBackups(access, options)
  const unknown = ids.find((id) => !backups.some((backup) => backup.id === id))
  if (unknown !== undefined) {
    throw new HoldfastError('usage', `there is no backup ${unknown} in ${storage.location}`, {
      hint: '`holdfast backup list` shows those there are',
    })
  }
  const [given, others] = [true, false].map((isGiven) => backups.filter(({ id }) => ids.includes(id) === isGiven))
  const kept = await neededBy(access, others!, ids.length > 0 ? 'deleted' : 'freed', options)
  // What nobody needs may be what a running backup has just stored. And nobody knows what a damaged backup needs that is to go: all that the
  // others do not need may be its own.
  const goes = ids.length > 0 ? await neededBy(access, given!, 'deleted', options).catch(ifDamaged(anything)) : anything

  const plan: DeletionPlan = {
    backups: [...ids],
    objects: [],
    bytesFreed: 0,
    packsFreed: 0,
    packsKept: 0,
    segmentsFreed: 0,
    segmentsKept: 0,
  }
  const free = (name: string, size: number) => {
    plan.objects.push({ name, size })
    plan.bytesFreed += size
  }
  for await (const { name, size } of storage.list(packsPrefix, options)) {
    const pack = packOfName(name)
    if (pack === undefined) continue
    if (kept.pack(pack)) plan.packsKept += 1
    else if (goes.pack(pack)) {
      plan.packsFreed += 1
      free(name, size)
    }
  }
  for await (const { name, size } of storage.list(damagedPrefix, options)) {
    const pack = packOfMarker(name)
    if (pack !== undefined && !kept.pack(pack) && goes.pack(pack)) free(name, size)
  }
  for await (const { name, size } of storage.list(backupsPrefix, options)) {
    const found = partOfBackup(name)
    if (found?.part === 'blocks' && !kept.backup(found.backup) && goes.backup(found.backup)) free(name, size)
  }
  for await (const { name, size } of storage.list(proofsPrefix, options)) {
    const proof = proofOfName(name)
    if (proof && !kept.backup(proof.backup) && goes.backup(proof.backup)) free(name, size)
  }
  const archived = await Array.fromAsync(storage.list(archivePrefix, options))
  const isNewest = newestSegments(archived.flatMap(({ name }) => parseSegmentName(name) ?? []))
  for (const { name, size } of archived) {
    const segment = parseSegmentName(name)
    const range = segment ?? parseGapName(name)
    if (!range) continue
    const isKept = kept.log(range) || (segment !== undefined && isNewest(segment) && kept.store(segment.lineage))
    if (!isKept && !goes.log(range)) continue
    if (segment) plan[isKept ? 'segmentsKept' : 'segmentsFreed'] += 1
    if (!isKept) free(name, size)
  }
  return plan
}

/** @throws HoldfastError `integrity` where one of them cannot be read. */
async function neededBy(
  access: Access,
  backups: readonly ListedBackup[],
  done: 'deleted' | 'freed',
  options: StorageOptions,
): Promise<Needed> {
  const packs = new Set<string>()
  for (const { id, manifest, error } of backups) {
    try {
      if (error) throw error
      for (const pack of (await readBlockTable(access, manifest, options)).packs) packs.add(pack.id)
    } catch (cause) {
      throw unreadable(id, cause, done)
    }
  }
  const ids = new Set(backups.map(({ id }) => id))
  const bases = backups.flatMap(({ manifest }) => manifest?.databases ?? [])
  const roots = new Set(bases.map(({ storeId }) => rootLineage(storeId)))
  return {
    pack: (id) => packs.has(id),
    backup: (id) => ids.has(id),
    log: neededLog(bases),
    store: (lineage) => roots.has(rootOf(lineage)),
  }
}

/**
 * Tells which archived log a backup among those may need: what is behind the oldest backup of the same store, in whatever lineage, and the
 * segment that ends with it, which alone may tell that what is behind is its own. The log of a store without a backup leads nowhere.
 */
function neededLog(bases: readonly ManifestDatabase[]): Needed['log'] {
  const oldest = new Map<string, number>()
  for (const { storeId, lastTransaction } of bases) {
    const root = rootLineage(storeId)
    oldest.set(root, Math.min(oldest.get(root) ?? Number.POSITIVE_INFINITY, lastTransaction.id))
  }
  return ({ lineage, last }) => last >= (oldest.get(rootOf(lineage)) ?? Number.POSITIVE_INFINITY)
}

/**
 * Tells which segments are the newest ones of their lineages: those say that what is archived next belongs there, and where a lineage ended that was left.
 */
function newestSegments(segments: readonly SegmentName[]): (segment: SegmentName) => boolean {
  const newest = new Map<string, number>()
  for (const { lineage, last } of segments) newest.set(lineage, Math.max(last, newest.get(lineage) ?? 0))
  return ({ lineage, last }) => newest.get(lineage) === last
}

/**
 * Deletes backups, one delete at a time: first their manifests, and with them they are gone, then, alone in the repository, what no kept backup needs.
 * Where a backup is running the space is freed by a later delete instead. Without ids it only frees what crashed runs left.
 * @throws as `planDeletion`, and HoldfastError `refused` while another delete runs, before anything is removed.
 */
export async function deleteBackups(
  access: Access,
  ids: readonly string[],
  options: DeletionOptions = {},
): Promise<DeletionResult> {
  const { storage, clock } = access
  const { signal, wait, command = 'backup delete', mayDelete } = options
  // What one delete leaves a backup for, another one may be about to delete.
  await using deletion = await acquireLease(storage, deletionLease, { clock, command, signal, wait })
  await mayDelete?.()
  const before = await planDeletion(access, ids, options)
  await deletion.assertHeld()
  for (const id of ids) await storage.delete(manifestName(id), options)
  for (const id of ids) if (await isListed(storage, manifestName(id), options)) throw stillThere(id, storage.location)

  let lease
  try {
    lease = await acquireLease(storage, packsLease, { clock, command, signal, wait })
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'refused') throw error
    return { plan: { ...before, objects: [], bytesFreed: 0, packsFreed: 0, segmentsFreed: 0 }, postponed: error.message }
  }
  await using held = lease
  const plan = { ...(await planDeletion(access, [], options)), backups: [...ids] }
  // While the lease is held no backup is being written, so what is unreferenced in this plan stays so for ever.
  await held.assertHeld()
  for (const { name } of plan.objects) await storage.delete(name, options)
  return { plan }
}

/** Something else than the server may have answered, such as a page to sign in. */
function stillThere(id: string, location: string): HoldfastError {
  return new HoldfastError('repository', `backup ${id} was to be deleted, but ${location} lists it still`, {
    hint: 'see whether something on the way answers in place of the server, then run it again',
  })
}

function unreadable(id: string, error: unknown, done: 'deleted' | 'freed'): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'integrity') return error
  return new HoldfastError(
    'integrity',
    `backup ${id} is kept, but what it needs cannot be read, so nothing was ${done}: ${error.message}`,
    {
      hint: `restore that object from a copy of the repository, or delete backup ${id} too`,
      cause: error,
    },
  )
}
