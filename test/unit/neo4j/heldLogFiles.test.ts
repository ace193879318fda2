import { writeFileSync } from 'node:fs'
import { mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HeldLogFiles, LogChangedError } from '../../../src/neo4j/heldLogFiles.ts'

let directory: string
const log = (version: number): string => join(directory, `neostore.transaction.db.${version}`)

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-held-'))
  for (const version of [3, 4]) await writeFile(log(version), `file ${version}`)
})
afterEach(async () => rm(directory, { recursive: true }))

const contents = async (held: HeldLogFiles): Promise<string[]> =>
  Promise.all((await held.files()).map(async ({ handle }) => String(await handle.readFile())))

test('files that are pruned while they are held can still be read, and new ones join them', async () => {
  await using held = await HeldLogFiles.open(directory, 3)
  await unlink(log(3))
  await unlink(log(4))
  await writeFile(log(5), 'file 5')
  expect(await contents(held)).toEqual(['file 3', 'file 4', 'file 5'])
})

test('a file that was pruned before it could be opened is an error that names it', async () => {
  await using held = await HeldLogFiles.open(directory, 3)
  await writeFile(log(6), 'file 6')
  await expect(held.files()).rejects.toThrow(LogChangedError)
  await expect(held.files()).rejects.toThrow(/log file 5 .* was pruned/)
})

test('a file that is replaced by another of its name is an error, as after a crash of the server or a load', async () => {
  await using held = await HeldLogFiles.open(directory, 3)
  await writeFile(join(directory, 'new'), 'another file 4')
  await rename(join(directory, 'new'), log(4))
  await expect(held.files()).rejects.toThrow(/log file 4 .* was replaced/)
})

test('looks that overlap open each file once', async () => {
  await using held = await HeldLogFiles.open(directory, 3)
  await writeFile(log(5), 'file 5')
  const [one, other] = await Promise.all([held.files(), held.files()])
  expect(one.map(({ handle }) => handle.fd)).toEqual(other.map(({ handle }) => handle.fd))
})

test('a file that comes while a look is under way is seen by whoever asks afterwards', async () => {
  await using held = await HeldLogFiles.open(directory, 3)
  for (let version = 5; version < 25; version++) {
    const earlier = held.files()
    await new Promise(setImmediate)
    writeFileSync(log(version), 'more')
    expect((await held.files()).at(-1)?.version).toBe(version)
    await earlier
  }
})
