import { z } from 'zod'
import type { StorageOptions } from '../storage/storage.ts'
import { ObjectExistsError, ObjectMissingError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { isListed, listedButMissing } from './contradiction.ts'
import { count, databaseName, long, moment } from './manifestFields.ts'
import { damage, jsonContent, parseContent, readObject, seal, unseal } from './sealed.ts'
import { gapName, lineageName } from './segmentName.ts'

/** Bytes of a description at most: it names all lineages of the store, one for each restore that was archived. */
const longest = 4 * 1024 * 1024

const ends = z.array(z.strictObject({ lineage: z.string(), last: count }))

const lineageSchema = z.strictObject({
  id: z.string(),
  database: databaseName,
  storeId: z.strictObject({ creationTime: long, random: long }),
  /** Where it left another lineage: that one's last transaction that is in both; absent for a store's first. */
  branch: z.strictObject({ parent: z.string(), after: count }).optional(),
  /** The transaction before the first one that is archived, where it was known. */
  origin: z.strictObject({ id: count, checksum: z.int() }).optional(),
  /** Where the other lineages of the store ended in the archive when it began: one that got no more since has been left for it. */
  besides: ends.optional(),
  /** Where the other databases of the data directory stood then, for a lineage that left another one: what is archived behind that was left, too. */
  others: z
    .array(
      z.strictObject({
        /** The store's first lineage. */
        root: z.string(),
        /** The last transaction of its log. */
        last: z.strictObject({ id: count, checksum: z.int() }),
        /** Where all lineages of that store ended in the archive. */
        ends,
      }),
    )
    .optional(),
  created: moment,
})

/** One unbroken chain of transactions; a restored database starts a new one that branches off the old. */
export type Lineage = z.infer<typeof lineageSchema>

const gapSchema = z.strictObject({
  lineage: z.string(),
  /** Ids of the first and last transaction that were pruned before they could be archived. */
  first: count,
  last: count,
  /** When the last transaction before it was committed, where that is known. */
  after: moment.optional(),
  found: moment,
})

/** Where another database stood when a lineage began. */
export type OtherDatabase = NonNullable<Lineage['others']>[number]

/** Transactions that are in no archive and no log any more. */
export type Gap = z.infer<typeof gapSchema>

/**
 * Says what a lineage is; whoever comes second finds it said already.
 * @returns whether it had to be said.
 */
export async function putLineage(access: Access, lineage: Lineage, options: StorageOptions = {}): Promise<boolean> {
  return putOnce(access, 'lineage', lineageName(lineage.id), lineage, options)
}

/** @throws ObjectMissingError, or HoldfastError `integrity`; `repository` where it is listed, and said not to be there. */
export async function readLineage(access: Access, id: string, options: StorageOptions = {}): Promise<Lineage> {
  const { storage } = access
  const name = lineageName(id)
  const content = await open(access, 'lineage', name, options).catch(async (error: unknown) => {
    // Where it counts as gone, archiving begins another lineage.
    if (!(error instanceof ObjectMissingError) || !(await isListed(storage, name, options))) throw error
    throw listedButMissing(storage, name, { code: 'repository', cause: error })
  })
  const lineage = parseContent(lineageSchema, content, name, storage.location)
  if (lineage.id !== id) throw damage(name, storage.location, `lineage ${id}`, lineage.id)
  return lineage
}

/** Marks transactions as lost. */
export async function putGap(access: Access, gap: Gap, options: StorageOptions = {}): Promise<void> {
  await putOnce(access, 'gap', gapName(gap), gap, options)
}

/** @throws ObjectMissingError, or HoldfastError `integrity`. */
export async function readGap(
  access: Access,
  gap: Pick<Gap, 'lineage' | 'first' | 'last'>,
  options: StorageOptions = {},
): Promise<Gap> {
  const { location } = access.storage
  const name = gapName(gap)
  const found = parseContent(gapSchema, await open(access, 'gap', name, options), name, location)
  if (gapName(found) !== name) throw damage(name, location, 'the gap that its name says', gapName(found))
  return found
}

async function putOnce(
  { storage, master }: Access,
  kind: 'lineage' | 'gap',
  name: string,
  value: Lineage | Gap,
  options: StorageOptions,
): Promise<boolean> {
  try {
    await storage.put(name, seal({ kind, name, master }, jsonContent(value)), options)
    return true
  } catch (error) {
    if (error instanceof ObjectExistsError) return false
    throw error
  }
}

async function open(
  { storage, master }: Access,
  kind: 'lineage' | 'gap',
  name: string,
  { signal }: StorageOptions,
): Promise<Buffer> {
  return unseal({ kind, name, master }, await readObject(storage, name, longest, signal), storage.location)
}
