import { hash } from 'node:crypto'
import { allBytes } from '../core/allBytes.ts'
import { HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { ByteRange, Storage, StorageDanger, StorageOptions } from './storage.ts'
import { ObjectExistsError } from './storageErrors.ts'

/** Something that a repository needs of its storage, as it was tried. */
export interface Probe {
  name:
    | 'write'
    | 'read'
    | 'read a part'
    | 'list'
    | 'never overwrite'
    | 'never overwrite, in parts'
    | 'one of many'
    | 'delete'
    | 'what is stored stays'
    | 'lock'
    | 'lock as before'
  /** Nothing failed. */
  ok: boolean
  /** What happened, where it is not as needed, or why that is not known. */
  found?: string
  /** Set where it could not be tried, so that it is not known to be good. */
  unknown?: true
  /** What to do, where the trying itself failed. */
  hint?: string
}

type Put = (name: string, body: Uint8Array, shortLived?: boolean) => Promise<void>

/** Bytes: more than any driver sends in one piece. */
const largeSize = 6 * 1024 * 1024
const contenders = 4

/**
 * Tries what a repository needs of storage, on objects of its own, which are removed again.
 * @param thorough also whether objects are locked where that is asked for, and in a directory on an object of several megabytes
 * @throws HoldfastError `repository` where it cannot be reached or refuses even to write.
 */
export async function probeStorage(
  storage: Storage,
  { thorough = false, ...options }: StorageOptions & { thorough?: boolean } = {},
): Promise<Probe[]> {
  const folder = `probes/${randomId()}`
  const names = { small: `${folder}/small`, large: `${folder}/large`, many: `${folder}/many`, locked: `${folder}/locked` }
  const written = new Set<string>()
  const put: Put = async (name, body, shortLived = true) => {
    written.add(name)
    await storage.put(name, body, { ...options, shortLived })
  }
  try {
    const first = Buffer.from(`first ${folder}`)
    const range = { offset: 2, length: 5 }
    await put(names.small, first)
    const probes: Probe[] = [
      { name: 'write', ok: true },
      await tried('read', async () => differs(await read(storage, names.small, options), first)),
      await tried('read a part', async () =>
        differs(await read(storage, names.small, { ...options, range }), first.subarray(2, 7)),
      ),
      await tried('list', async () => isListed(storage, folder, names.small, options)),
      await tried('never overwrite', async () => overwrites(storage, names.small, first, put, options)),
      await tried('one of many', async () => manyWin(names.many, put)),
    ]
    // A server may know a condition for an object, and not for the end of an upload in parts.
    if (thorough || storage.requestCounts !== undefined) {
      const large = Buffer.alloc(largeSize, 1)
      await put(names.large, large)
      probes.push(await tried('never overwrite, in parts', async () => overwrites(storage, names.large, large, put, options)))
    }
    if (thorough && storage.keep !== undefined) {
      probes.push(await tried('lock', async () => put(names.locked, first, false).then(() => undefined)))
    }
    if (storage.danger !== undefined) {
      probes.push(await tried('what is stored stays', async () => storage.danger?.(options)))
    }
    return [...probes, await tried('delete', async () => staysDeleted(storage, names.small, options))]
  } finally {
    for (const name of written) await storage.delete(name).catch(() => {})
  }
}

/** @throws HoldfastError `refused` where storage lacks something that a repository cannot do without. */
export function requireProbes(storage: Storage, probes: readonly Probe[]): void {
  const failed = probes.filter(({ ok }) => !ok)
  if (failed.length === 0) return
  const list = failed.map(({ name, found }) => `${name} (${found})`).join(', ')
  const isInDanger = failed.every(({ name }) => name === 'what is stored stays')
  throw new HoldfastError('refused', `${storage.location} cannot hold a repository safely; what fails: ${list}`, {
    hint: isInDanger
      ? (failed[0]?.hint ??
        'choose another prefix for the repository, or limit the rule to another one; a rule of Holdfast’s own for this prefix is removed by `holdfast s3 lifecycle --repo … --apply --confirm`')
      : 'use storage that refuses to overwrite: a file system with hard links, or an S3 server that knows If-None-Match',
  })
}

async function tried(name: Probe['name'], problem: () => Promise<StorageDanger | string | undefined>): Promise<Probe> {
  try {
    const problemFound = await problem()
    const danger = typeof problemFound === 'string' ? { found: problemFound } : problemFound
    return { name, ok: danger === undefined || danger.unknown === true, ...danger }
  } catch (error) {
    const hint = error instanceof HoldfastError ? error.hint : undefined
    const found = error instanceof Error ? error.message : String(error)
    return { name, ok: false, found, ...(hint === undefined ? {} : { hint }) }
  }
}

async function overwrites(
  storage: Storage,
  name: string,
  first: Buffer,
  put: Put,
  options: StorageOptions,
): Promise<string | undefined> {
  const second = Buffer.alloc(first.length, 2)
  try {
    await put(name, second)
    return 'a second object was accepted under the same name'
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error
  }
  return differs(await read(storage, name, options), first)
}

async function manyWin(name: string, put: Put): Promise<string | undefined> {
  const bodies = Array.from({ length: contenders }, (_, index) => Buffer.from(`contender ${index}`))
  const outcomes = await Promise.allSettled(bodies.map(async (body) => put(name, body)))
  const won = outcomes.filter(({ status }) => status === 'fulfilled').length
  return won === 1 ? undefined : `${won} of ${contenders} that wrote one name at once were told that they had`
}

async function isListed(storage: Storage, folder: string, name: string, options: StorageOptions): Promise<string | undefined> {
  const names: string[] = []
  for await (const found of storage.list(`${folder}/`, options)) names.push(found.name)
  return names.length === 1 && names[0] === name ? undefined : `expected ${name} to be listed, found ${names.length} objects`
}

async function staysDeleted(storage: Storage, name: string, options: StorageOptions): Promise<string | undefined> {
  await storage.delete(name, options)
  return (await storage.stat(name, options)) === undefined ? undefined : 'a deleted object is still there'
}

async function read(storage: Storage, name: string, options: StorageOptions & { range?: ByteRange }): Promise<Buffer> {
  return allBytes(storage.get(name, options))
}

function differs(found: Buffer, expected: Buffer): string | undefined {
  if (found.equals(expected)) return undefined
  return `expected SHA-256 ${hash('sha256', expected)}, found ${hash('sha256', found)}`
}
