import { randomBytes } from 'node:crypto'
import { copyFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, files, makeData } from '../support/faultsData.ts'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

interface Ground {
  dataDir: string
  repo: string
  earlier: Manifest
  damaged: Manifest
  /** Words that unlock the repository. */
  key: string[]
  /** A path in the repository: of the damaged backup, and its counterpart of the earlier one. */
  object: string
  counterpart: string
}

let shared: string
let original: string
let passphrase: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-damage-'))
  original = await makeData(shared, { ending: 'killed', entities: 300 })
  passphrase = join(shared, 'passphrase')
  await writeFile(passphrase, 'a passphrase of the tests\n')
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

const damages: Record<string, (path: string, counterpart: string) => Promise<void>> = {
  cut: async (path) => truncate(path, Math.floor((await readFile(path)).length * 0.7)),
  changed: async (path) => {
    const bytes = await readFile(path)
    bytes[Math.floor(bytes.length * 0.6)]! ^= 0x08
    await writeFile(path, bytes)
  },
  swapped: async (path, counterpart) => copyFile(counterpart, path),
  removed: async (path) => rm(path),
}

const objects: Record<string, (repo: string, id: string, packs: string[]) => string> = {
  manifest: (_, id) => join('backups', id, 'manifest'),
  'block table': (_, id) => join('backups', id, 'blocks'),
  pack: (_repo, _id, packs) => packs[0]!,
}

const rows = Object.keys(objects).flatMap((object, index) =>
  Object.keys(damages).map((damage, number) => ({ object, damage, encrypted: (index + number) % 4 === 1 })),
)

/** Makes two backups, and hands over an object that only the second one has. */
async function withBackups(kind: string, encrypted: boolean, run: (ground: Ground) => Promise<void>): Promise<void> {
  await withFolder('damage', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    const key = encrypted ? ['--passphrase-file', passphrase] : []
    await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo, ...key)
    const create = async (): Promise<Manifest> =>
      succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...key)
    const packs = async (): Promise<string[]> => (await files(repo)).filter((path) => path.endsWith('.pack'))
    const earlier = await create()
    const earlierPacks = await packs()
    await writeFile(join(dataDir, 'databases/neo4j/neostore.propertystore.db.strings'), randomBytes(300_000))
    const damaged = await create()
    const own = (await packs()).filter((path) => !earlierPacks.includes(path))
    const place = objects[kind]!
    const [object, counterpart] = [place(repo, damaged.id, own), place(repo, earlier.id, earlierPacks)]
    await run({ dataDir, repo, earlier, damaged, key, object: object, counterpart })
  })
}

describe.each(rows)('[damage.detected] $object $damage (encrypted: $encrypted)', ({ object, damage, encrypted }) => {
  test('is named by validation and by a restore; other backups and the next one are good', async () => {
    await withBackups(object, encrypted, async (ground) => {
      const { dataDir, repo, key, earlier, damaged } = ground
      const isGone = object === 'manifest' && damage === 'removed'
      await damages[damage]!(join(repo, ground.object), join(repo, ground.counterpart))

      const validation = await holdfast<ValidationReport>('backup', 'validate', '--repo', repo, ...key)
      const verdicts = validation.result.backups.map(({ id, verdict }) => `${id} ${verdict}`)
      // Without its manifest a backup does not exist, which is how one is deleted.
      expect(validation.exitCode, validation.story).toBe(isGone ? 0 : 4)
      expect(verdicts).toEqual([`${earlier.id} good`, ...(isGone ? [] : [`${damaged.id} bad`])])
      if (!isGone) expect(validation.result.backups[1]!.problems[0]).toContain(ground.object)

      const target = join(repo, '..', 'restored')
      const restore = (id: string): string[] => [
        'restore',
        'start',
        '--skip-checks',
        '--id',
        id,
        '--to-dir',
        target,
        '--repo',
        repo,
        ...key,
      ]
      const refused = await holdfast(...restore(damaged.id))
      expect(refused, refused.story).toMatchObject(isGone ? refusal('usage', 'no backup') : refusal('integrity', ground.object))
      expect(await readdir(target).catch(() => [])).not.toContain('databases')
      await rm(target, { recursive: true, force: true })

      const next = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...key)
      await succeed(...restore(next.id))
      await expectSameFiles(dataDir, target, next)
      const after = await succeed<ValidationReport>('backup', 'validate', next.id, '--repo', repo, ...key)
      expect(after.verdict).toBe('good')
    })
  })
})

describe('[damage.detected] what opens a repository', () => {
  const places = [
    { name: 'repository', encrypted: false },
    { name: 'repository', encrypted: true },
    { name: 'keys', encrypted: true },
  ]
  const kinds = Object.keys(damages).filter((damage) => damage !== 'swapped')
  test.each(places.flatMap((place) => kinds.map((damage) => ({ ...place, damage }))))(
    '$name $damage (encrypted: $encrypted) stops every command before it does anything',
    async ({ name, encrypted, damage }) => {
      await withBackups('pack', encrypted, async ({ dataDir, repo, key }) => {
        const path = name === 'keys' ? join(name, (await readdir(join(repo, name)))[0]!) : name
        await damages[damage]!(join(repo, path), '')
        const before = await files(repo)
        const code = damage === 'removed' ? 'repository' : 'integrity'
        for (const words of [
          ['backup', 'list'],
          ['backup', 'validate'],
          ['backup', 'create', '--offline', '--data-dir', dataDir],
        ]) {
          const outcome = await holdfast(...words, '--repo', repo, ...key)
          expect(outcome, outcome.story).toMatchObject(refusal(code, damage === 'removed' ? /./ : path))
        }
        expect(await files(repo)).toEqual(before)
      })
    },
  )
})
