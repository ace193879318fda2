import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chooseSource } from '../../../src/cli/restoreSource.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'
import { restore, type RestoreReport } from '../../../src/recovery/restore.ts'
import { planRestore, type RestorePlan } from '../../../src/recovery/restorePlan.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, backUpLogs, newRepository } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { TickingClock } from '../../support/manualClock.ts'
import { loggedIn } from '../../support/pointInTimeChecks.ts'
import { firstCommit, SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()

let folder: string
let target: string
let repository: Repository
let log: SyntheticLog
let backup: Manifest
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-restore-source-'))
  target = join(folder, 'restored')
  repository = await newRepository({ clock: new TickingClock() })
  log = SyntheticLog.create(join(folder, 'data')).write(3)
  backup = await backUpLogs(repository, log)
})
afterEach(() => rmSync(folder, { recursive: true }))

type Options = Partial<Parameters<typeof chooseSource>[1]>
type Source = Awaited<ReturnType<typeof chooseSource>>

const choose = async (options: Options = {}): Promise<Source> =>
  chooseSource(
    repository,
    { toDir: target, resume: false, latest: false, ...options },
    { database: 'neo4j', now: new Date(), signal },
  )

/** A restore that runs no scratch Neo4j, so that something is left to resume. */
async function start(options: Options = {}): Promise<RestoreReport> {
  const { manifest, replays } = await choose(options)
  const { resume = false } = options
  return restore(repository, manifest, { target, replays, resume, clock: systemClock, progress: silent, signal })
}

async function dryRun(options: Options = {}): Promise<RestorePlan> {
  const { manifest, replays } = await choose(options)
  return planRestore(repository, manifest, { target, replays, resume: options.resume ?? false })
}

const journal = (): string => `${target}.holdfast-restore.json`
const endOf = ({ replays }: Source): number | undefined => replays[0]?.to.id

test('a lineage is not passed over where nothing is archived', async () => {
  expect(await choose()).toMatchObject({ manifest: { id: backup.id }, replays: [] })
  await expect(choose({ lineage: rootLineage(sampleStore) })).rejects.toMatchObject({ code: 'refused' })
})

describe('[restore.resume] a restore up to transaction 7, the latest', () => {
  let newer: Manifest
  beforeEach(async () => {
    log.write(3)
    await archiveAll(repository, log)
    await start()
    log.write(3)
    await archiveAll(repository, log)
    newer = await backUpLogs(repository, log)
  })

  test('goes on to there, whatever was archived and backed up since', async () => {
    expect(endOf(await choose())).toBe(10)
    const source = await choose({ resume: true })
    expect(source.manifest.id).toBe(backup.id)
    expect(source.doubts).toEqual([expect.stringMatching(/^neo4j ends with transaction 7 of .*, as the restore was begun: more/)])
    expect(await dryRun({ resume: true })).toMatchObject({ backup: backup.id, databases: [{ lastTransaction: { id: 7 } }] })
    expect(await start({ resume: true })).toMatchObject({ backup: backup.id, verdict: 'unchecked' })
    expect((await loggedIn(target)).at(-1)).toMatchObject({ id: 7, checksum: log.at(7).checksum })
  })

  test('goes on in its lineage, though another one has that transaction, too', async () => {
    const other = log.copyUpTo(5, join(folder, 'other')).write(4, { commitTime: firstCommit + 90_000 })
    await archiveAll(repository, other)
    expect((await choose({ resume: true })).replays[0]!.to.checksum).toBe(log.at(7).checksum)
    await expect(start({ resume: true, toTx: 7 })).rejects.toMatchObject({
      message: expect.stringContaining('up to transaction 7 of neo4j, expected that of another lineage') as string,
    })
  })

  test('has nothing left to do once it has ended well', async () => {
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace('VALIDATION', 'SUCCESS'))
    expect(await start({ resume: true })).toMatchObject({ backup: backup.id, state: 'SUCCESS' })
    expect(await dryRun({ resume: true })).toMatchObject({ from: 'end' })
  })

  test.each<[string, Options, () => string]>([
    ['another point', { toTx: 6 }, () => `backup ${backup.id} up to transaction 6 of neo4j`],
    ['the latest of now', { latest: true }, () => `backup ${newer.id} as it is`],
    ['a backup as it is', { id: 'latest' }, () => `backup ${newer.id} as it is`],
  ])('does not go on to %s, and says where it goes and how', async (_, options, expected) => {
    for (const attempt of [start, dryRun])
      await expect(attempt({ ...options, resume: true })).rejects.toMatchObject({
        code: 'refused',
        message: `${target} holds a restore of backup ${backup.id} up to transaction 7 of neo4j, expected ${expected()}`,
        hint: expect.stringContaining('to go on with it give --resume without a point, --id or --lineage') as string,
      })
  })

  test('does not go on from another repository', async () => {
    repository = await newRepository({ clock: new TickingClock() })
    await backUpLogs(repository, log)
    await expect(start({ resume: true })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('from another repository') as string,
    })
  })

  test('does not go on without its backup, or without the log', async () => {
    const gone = (what: string) => ({ code: 'refused', message: expect.stringContaining(`${what} is not in memory`) as string })
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace('"id": 7', '"id": 77'))
    await expect(start({ resume: true })).rejects.toMatchObject(gone('to transaction 77'))
    await repository.deleteBackups([backup.id])
    await expect(start({ resume: true })).rejects.toMatchObject(gone(`backup ${backup.id}`))
  })

  test('is forgotten once its directory is removed or emptied', async () => {
    rmSync(target, { recursive: true })
    expect(endOf(await choose({ resume: true }))).toBe(10)
    mkdirSync(target)
    expect(endOf(await choose({ resume: true }))).toBe(10)
  })
})

test('[restore.resume] a restore of a backup as it is goes on as it is', async () => {
  await start({ id: backup.id })
  log.write(3)
  await archiveAll(repository, log)
  expect(endOf(await choose({ resume: true }))).toBe(4)
  expect(await start({ resume: true })).toMatchObject({ backup: backup.id, verdict: 'unchecked' })
  expect((await loggedIn(target)).at(-1)).toMatchObject({ id: 4 })
})
