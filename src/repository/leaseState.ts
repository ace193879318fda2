import { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import { processIdentity } from '../core/processIdentity.ts'
import type { Storage } from '../storage/storage.ts'
import { ObjectExistsError, ObjectMissingError } from '../storage/storageErrors.ts'
import { moment } from './manifestFields.ts'
import { generationOfName, leaseName, leasePrefix } from './names.ts'
import { jsonContent, parseContent, readObject, seal, unseal } from './sealed.ts'

const leaseSchema = z.strictObject({
  /** A random id of this holding, the same in each of its generations. */
  holder: z.string(),
  process: processIdentity,
  command: z.string(),
  acquired: moment,
  /** When others may take it over, by the holder's clock. */
  expires: moment,
  released: z.boolean(),
})

export type LeaseState = z.infer<typeof leaseSchema>

/** The newest generation of a lease; `state` is undefined where its object cannot be read, which then counts as held until it is old. */
export interface LeaseGeneration {
  generation: number
  state: LeaseState | undefined
  modified: Date
}

/** All generations that exist, ascending. */
export async function leaseGenerations(storage: Storage, lease: string): Promise<number[]> {
  const found: number[] = []
  for await (const { name } of storage.list(leasePrefix(lease))) {
    const generation = generationOfName(name)
    if (generation !== undefined) found.push(generation)
  }
  return found
}

/** @returns undefined where the generation has been cleaned away meanwhile. */
export async function readGeneration(storage: Storage, lease: string, generation: number): Promise<LeaseGeneration | undefined> {
  const name = leaseName(lease, generation)
  const stored = await storage.stat(name)
  if (!stored) return undefined
  try {
    const object = await readObject(storage, name, 64 * 1024)
    const content = unseal({ kind: 'lease', name }, object, storage.location)
    return { generation, state: parseContent(leaseSchema, content, name, storage.location), modified: stored.modified }
  } catch (error) {
    if (error instanceof ObjectMissingError) return undefined
    if (error instanceof HoldfastError && error.code === 'integrity')
      return { generation, state: undefined, modified: stored.modified }
    throw error
  }
}

/**
 * Writes the generation that follows `predecessor` (0: there was none). This is the one step that decides who holds a lease.
 * A put refuses a name that exists, but a late one could reuse a name that was cleaned away; generations are cleaned in ascending
 * order, so as long as the predecessor exists its successor was never cleaned, and the put was the first and only one.
 * The first generation has no predecessor: where it was cleaned away, there are higher ones.
 * @returns whether it was this state that was written, one of the same holder before, of which the answer was lost, or that of someone else.
 */
export async function succeed(
  storage: Storage,
  lease: string,
  predecessor: number,
  state: LeaseState,
): Promise<'written' | 'written before' | 'taken'> {
  const name = leaseName(lease, predecessor + 1)
  let isThere = false
  try {
    await storage.put(name, seal({ kind: 'lease', name }, jsonContent(state)), { shortLived: true })
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error
    const found = await readGeneration(storage, lease, predecessor + 1)
    if (found?.state?.holder !== state.holder) return 'taken'
    isThere = true
  }
  if (!(await (predecessor > 0 ? storage.stat(leaseName(lease, predecessor)) : isFirst(storage, lease)))) {
    await storage.delete(name)
    return 'taken'
  }
  return isThere ? 'written before' : 'written'
}

async function isFirst(storage: Storage, lease: string): Promise<boolean> {
  return (await leaseGenerations(storage, lease)).every((generation) => generation <= 1)
}
