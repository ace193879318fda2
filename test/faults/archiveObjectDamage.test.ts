import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ArchiveVerdict } from '../../src/archive/validateArchive.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import { branchLineage, gapName, lineageName, rootLineage, segmentName } from '../../src/repository/segmentName.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository, segmentOf } from '../support/archiving.ts'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { sampleStore } from '../support/logBytes.ts'
import { endsOfPlan, latest } from '../support/planning.ts'
import { collect, failure } from '../support/streams.ts'
import { ManualClock } from '../support/manualClock.ts'
import { firstCommit, SyntheticLog } from '../support/syntheticLog.ts'

const root = rootLineage(sampleStore)
const gaps = [7, 11].map((first) => ({ lineage: root, first, last: first + 1 })) as [Gap, Gap]
type Gap = { lineage: string; first: number; last: number }
type Objects = Map<string, Buffer>

/** What is done to the first of two objects of a kind. */
const damages: Record<string, (objects: Objects, name: string, other: string) => void> = {
  cut: (objects, name) => objects.set(name, objects.get(name)!.subarray(0, -40)),
  'with a flipped bit': (objects, name) => {
    const flipped = Buffer.from(objects.get(name)!)
    flipped[Math.floor(flipped.length * 0.7)]! ^= 0x08
    objects.set(name, flipped)
  },
  swapped: (objects, name, other) => {
    const [one, two] = [objects.get(name)!, objects.get(other)!]
    objects.set(name, two).set(other, one)
  },
  'under the name of another': (objects, name, other) => objects.set(name, objects.get(other)!),
  missing: (objects, name) => objects.delete(name),
}

/** What a validation says of the first where it is missing. */
const missing: Record<string, (name: string) => string> = {
  'first lineage': (name) => `^${name} is missing in `,
  lineage: (name) => `^${name} is missing in `,
  gap: () => '^transactions 7 to 8 are in no segment any more: something removed it$',
  segment: () => '^transactions 9 to 10 are in no segment any more: something removed it$',
}

describe.each([
  ['plain', undefined],
  ['encrypted', 'a passphrase of the tests'],
])('[damage.detected] in a repository that is %s', (_, passphrase) => {
  const key = passphrase === undefined ? {} : { key: { passphrase } }
  const clock = new ManualClock(new Date(firstCommit))
  const atSecond = (seconds: number): void => clock.jumpTo(firstCommit + seconds * 1000)
  let folder: string
  let log: SyntheticLog
  /** Branched off behind 13, and is archived to 15. */
  let restored: SyntheticLog
  let storage: Storage
  let repository: Repository
  let whole: Objects
  let names: Record<string, [string, string]>
  /** The first is proven twice, the second not at all. */
  let backups: string[]
  let branch: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-archive-objects-'))
    storage = memoryStorage()
    repository = await newRepository({ storage, clock, ...(passphrase === undefined ? {} : { passphrase }) })
    log = SyntheticLog.create(join(folder, 'data')).write(3)
    atSecond(4)
    const first = await backUpLogs(repository, log)
    await archiveAll(repository, log.write(2))
    for (const _ of [1, 2]) await archiveAll(repository, log.rotate().write(2).rotate().write(2).prune())
    restored = log.copyUpTo(13, join(folder, 'restored')).write(2, { body: 'restored' })
    await archiveAll(repository, restored)
    atSecond(16)
    const second = await backUpLogs(repository, restored)
    backups = [first.id, second.id]
    const { id, checksum } = log.at(4)
    const proofs = [10, 20].map((minute) => `2026-11-26T12:${minute}:00.000Z`)
    for (const time of proofs)
      await repository.putProof({ backup: first.id, time, neo4j: '5.26.30', ends: { neo4j: { id, checksum } }, checks: 9 })

    branch = branchLineage(root, restored.at(14))
    names = {
      lineage: [lineageName(branch), lineageName(root)],
      'first lineage': [lineageName(root), lineageName(branch)],
      gap: [gapName(gaps[0]), gapName(gaps[1])],
      segment: [segmentName(segmentOf(log, 9, 10)), segmentName(segmentOf(log, 13, 14))],
      proof: proofs.toReversed().map((time) => `proofs/${first.id}/${Date.parse(time)}`) as [string, string],
    }
    whole = new Map()
    for (const { name } of await Array.fromAsync(storage.list(''))) whole.set(name, await collect(storage.get(name)))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  let repo: string
  let words: string[]
  beforeEach(() => {
    repo = mkdtempSync(join(folder, 'repository-'))
    words = ['--repo', repo]
    if (passphrase === undefined) return
    const file = join(folder, 'passphrase')
    writeFileSync(file, passphrase)
    words.push('--passphrase-file', file)
  })
  afterEach(() => rmSync(repo, { recursive: true }))

  /** Writes the repository into a folder, with an object damaged. */
  const damage = (how: string, [name, other]: [string, string]): void => {
    const objects = new Map(whole)
    damages[how]!(objects, name, other)
    for (const [object, content] of objects) {
      mkdirSync(dirname(join(repo, object)), { recursive: true })
      writeFileSync(join(repo, object), content)
    }
  }
  const expectWholeBackups = async (opened: Repository, ids: string[]): Promise<void> => {
    const { backups: read } = await opened.verifyBackups()
    expect(read).toMatchObject(ids.map((id) => ({ id, damagedFiles: [], damagedPacks: [] })))
    expect(read.map(({ error }) => error)).toEqual(ids.map(() => undefined))
  }

  const open = async (): Promise<Repository> => openRepository(directoryStorage(repo), { ...key, clock })

  const rows = ['first lineage', 'lineage', 'gap', 'segment'].flatMap((kind) =>
    Object.keys(damages).map((how) => [kind, how] as const),
  )
  test.each(['lineage', 'gap'] as const)(
    'a %s that is cut anywhere, or has a flipped bit anywhere, is not read',
    async (kind) => {
      const name = names[kind]![0]
      const read = async () => (kind === 'gap' ? repository.archive.readGap(gaps[0]) : repository.archive.readLineage(branch))
      const content = whole.get(name)!
      const damaged = Array.from(content, (byte, at) => [
        content.subarray(0, at),
        Buffer.concat([content.subarray(0, at), Buffer.of(byte ^ (1 << (at % 8))), content.subarray(at + 1)]),
      ]).flat()
      for (const bytes of damaged) {
        await storage.delete(name)
        await storage.put(name, bytes)
        expect(await failure(read())).toMatchObject({
          code: 'integrity',
          message: expect.stringMatching(`^${name} in memory (is damaged: expected .+, found .+|has format version)`) as string,
          hint: expect.any(String) as string,
        })
      }
      await storage.delete(name)
      await storage.put(name, content)
      expect(await read()).toBeDefined()
    },
  )

  test.each(rows)('a %s %s is named by a validation, and backups and archivers go on', async (kind, how) => {
    const [name, other] = names[kind]!
    damage(how, [name, other])
    const { exitCode, result, story } = await holdfast<ArchiveVerdict>('archive', 'validate', ...words)
    expect(exitCode, story).toBe(exitCodes.integrity)
    expect(result.verdict).toBe('bad')
    const damaged = how === 'swapped' ? [name, other].toSorted() : [name]
    const expected =
      how === 'missing' ? [missing[kind]!(name)] : damaged.map((each) => `^${each} in ${repo} is damaged: expected .+, found .+`)
    const problems = result.lineages.flatMap((lineage) => lineage.problems).toSorted()
    expect(problems).toEqual(expected.map((text) => expect.stringMatching(text) as string))
    const opened = await open()
    await expectWholeBackups(opened, backups)

    const live = restored.copyUpTo(15, mkdtempSync(join(folder, 'live-'))).write(2, { body: 'live' })
    const events = await archiveAll(opened, live)
    expect(events.map((event) => event.kind)).toContain('shipped')
    atSecond(20)
    const next = await backUpLogs(opened, live)
    await expectWholeBackups(opened, [...backups, next.id])
    await archiveAll(opened, live.write(1))
    expect(await endsOfPlan(opened, latest)).toEqual([17, 18])
  })

  test.each(Object.keys(damages))('a proof %s: that it is there counts, and not what it says', async (how) => {
    const proven = async () => (await succeed<{ backups: { id: string; proven?: string }[] }>('backup', 'list', ...words)).backups
    damage(how, names['proof']!)
    const minute = how === 'missing' ? 10 : 20
    expect(await proven()).toMatchObject([{ id: backups[0], proven: `2026-11-26T12:${minute}:00.000Z` }, { id: backups[1] }])
    expect((await proven())[1]!.proven ?? null).toBeNull()
    await expectWholeBackups(await open(), backups)
    const refused = await holdfast('backup', 'delete', backups[0]!, '--confirm', ...words)
    expect(refused, refused.story).toMatchObject(refusal('refused', /prove/))
    const time = '2026-11-26T13:00:00.000Z'
    await (await open()).putProof({ backup: backups[1]!, time, neo4j: '5.26.30', ends: {}, checks: 9 })
    expect((await proven())[1]).toMatchObject({ id: backups[1], proven: time })
  })
})
