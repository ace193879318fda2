import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, makeData } from './faultsData.ts'
import { holdfast, refusal, succeed } from './holdfast.ts'
import { withFolder } from './neo4j.ts'
import { storageAt } from './storageAt.ts'
import { collect } from './streams.ts'

/** What the backups of such tests are made of. */
export interface Original {
  dataDir: string
  /** The file with the passphrase of encrypted repositories. */
  passphrase: string
  /** Where the next repository lies, as `--repo` takes it, for a test with that folder of its own. */
  place: (folder: string) => string
}

/** A data directory, whose server was killed, in a folder. */
export async function makeOriginal(folder: string, place: Original['place']): Promise<Original> {
  await mkdir(folder, { recursive: true })
  const passphrase = join(folder, 'passphrase')
  await writeFile(passphrase, 'a passphrase of the tests\n')
  return { dataDir: await makeData(folder, { ending: 'killed', entities: 300 }), passphrase, place }
}

/** What becomes of an object, undefined where it is removed; its counterpart is one of its kind. */
const damages = {
  cut: (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.7)),
  changed: (bytes) => {
    const changed = Buffer.from(bytes)
    changed[Math.floor(bytes.length * 0.6)]! ^= 0x08
    return changed
  },
  swapped: (_, counterpart) => counterpart,
  removed: () => undefined,
} satisfies Record<string, (bytes: Buffer, counterpart: Buffer) => Buffer | undefined>

type Damage = keyof typeof damages
const kinds = Object.keys(damages) as Damage[]

const objects = {
  manifest: (id) => `backups/${id}/manifest`,
  'block table': (id) => `backups/${id}/blocks`,
  pack: (_, packs) => packs[0]!,
} satisfies Record<string, (id: string, packs: string[]) => string>

interface ObjectRow {
  object: keyof typeof objects
  damage: Damage
  encrypted: boolean
}

interface OpeningRow {
  name: 'repository' | 'keys'
  damage: Damage
  encrypted: boolean
}

/** Each kind of object of a backup with each damage. */
export const objectRows: ObjectRow[] = (Object.keys(objects) as (keyof typeof objects)[]).flatMap((object, index) =>
  kinds.map((damage, number) => ({ object, damage, encrypted: (index + number) % 4 === 1 })),
)

/** What opens a repository, with each damage that has no need of a counterpart. */
export const openingRows: OpeningRow[] = (
  [
    { name: 'repository', encrypted: false },
    { name: 'repository', encrypted: true },
    { name: 'keys', encrypted: true },
  ] as const
).flatMap((place) => kinds.filter((damage) => damage !== 'swapped').map((damage) => ({ ...place, damage })))

/** It is named by validation and by a restore; other backups and the next one are good. */
export async function expectDamageNamed(original: Original, { object, damage, encrypted }: ObjectRow): Promise<void> {
  await withBackups(original, encrypted, async (ground) => {
    const { folder, dataDir, repo, key, earlier, damaged } = ground
    const isGone = object === 'manifest' && damage === 'removed'
    const place = objects[object]
    const name = place(damaged.id, ground.packs)
    await inflict(damage, repo, name, place(earlier.id, ground.earlierPacks))

    const validation = await holdfast<ValidationReport>('backup', 'validate', '--repo', repo, ...key)
    const verdicts = validation.result.backups.map(({ id, verdict }) => `${id} ${verdict}`)
    // Without its manifest a backup does not exist, which is how one is deleted.
    expect(validation.exitCode, validation.story).toBe(isGone ? 0 : 4)
    expect(verdicts).toEqual([`${earlier.id} good`, ...(isGone ? [] : [`${damaged.id} bad`])])
    if (!isGone) expect(validation.result.backups[1]!.problems[0]).toContain(name)

    const target = join(folder, 'restored')
    const to = ['--to-dir', target, '--repo', repo, ...key]
    const restore = (id: string): string[] => ['restore', 'start', '--skip-checks', '--id', id, ...to]
    const refused = await holdfast(...restore(damaged.id))
    expect(refused, refused.story).toMatchObject(isGone ? refusal('usage', 'no backup') : refusal('integrity', name))
    expect(await readdir(target).catch(() => [])).not.toContain('databases')
    await rm(target, { recursive: true, force: true })

    const next = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...key)
    await succeed(...restore(next.id))
    await expectSameFiles(dataDir, target, next)
    const after = await succeed<ValidationReport>('backup', 'validate', next.id, '--repo', repo, ...key)
    expect(after.verdict).toBe('good')
  })
}

/** It stops every command before it does anything. */
export async function expectNotOpened(original: Original, { name, damage, encrypted }: OpeningRow): Promise<void> {
  await withBackups(original, encrypted, async ({ dataDir, repo, key }) => {
    const path = (await names(repo)).find((found) => found === name || found.startsWith(`${name}/`))!
    await inflict(damage, repo, path)
    const before = await names(repo)
    for (const words of [
      ['backup', 'list'],
      ['backup', 'validate'],
      ['backup', 'create', '--offline', '--data-dir', dataDir],
    ]) {
      const outcome = await holdfast(...words, '--repo', repo, ...key)
      const expected = damage === 'removed' ? refusal('repository', /./) : refusal('integrity', path)
      expect(outcome, outcome.story).toMatchObject(expected)
    }
    expect(await names(repo)).toEqual(before)
  })
}

interface Ground {
  folder: string
  dataDir: string
  repo: string
  /** Words that unlock the repository. */
  key: string[]
  earlier: Manifest
  earlierPacks: string[]
  damaged: Manifest
  /** The packs that only the backup to be damaged has. */
  packs: string[]
}

async function withBackups(original: Original, encrypted: boolean, run: (ground: Ground) => Promise<void>): Promise<void> {
  await withFolder('damage', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), original.place(folder)]
    const key = encrypted ? ['--passphrase-file', original.passphrase] : []
    await cp(original.dataDir, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo, ...key)
    const create = async (): Promise<Manifest> =>
      succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...key)
    const allPacks = async (): Promise<string[]> => (await names(repo)).filter((name) => name.endsWith('.pack'))
    const earlier = await create()
    const earlierPacks = await allPacks()
    await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(300_000))
    const damaged = await create()
    const packs = (await allPacks()).filter((name) => !earlierPacks.includes(name))
    await run({ folder, dataDir, repo, key, earlier, earlierPacks, damaged, packs })
  })
}

async function inflict(damage: Damage, repo: string, name: string, counterpart = name): Promise<void> {
  const storage = storageAt(repo)
  const bytes = damages[damage](await collect(storage.get(name)), await collect(storage.get(counterpart)))
  await storage.delete(name)
  if (bytes) await storage.put(name, bytes)
}

async function names(repo: string): Promise<string[]> {
  return (await Array.fromAsync(storageAt(repo).list(''))).map(({ name }) => name)
}
