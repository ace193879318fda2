import { join } from 'node:path'
import type { Driver } from 'neo4j-driver'
import { expect } from 'vitest'
import { listLogFiles, logDirectory } from '../../src/neo4j/dataDirectory.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Gap } from '../../src/repository/lineage.ts'
import { ArchiverProcess } from './archiverProcess.ts'
import { holdfast, succeed } from './holdfast.ts'
import { MarkerClients, openDriver } from './markerClients.ts'
import { startIn } from './neo4j.ts'
import { loggedIn } from './pointInTimeChecks.ts'
import { repositoryIn } from './storageAt.ts'

/** Each checkpoint prunes every file of the log but the one in use, and both come all the time. */
const pruning = {
  'db.checkpoint.interval.time': '1s',
  'db.checkpoint.interval.tx': '20',
  'db.tx_log.rotation.size': '128k',
  'db.tx_log.rotation.retention_policy': 'keep_none',
}

/** So that a file of the log lasts longer than an archiver is held up, even by a backup that it takes. */
const slowly = { clients: 2, pace: 200 }
/** So that a file is full before each checkpoint. */
const fast = { clients: 4, pace: 10, size: 2000 }

interface Status {
  lineages: { database: string; gaps: Gap[]; last: { id: number } | null }[]
}

/** Ways in which an archiver misses that log is pruned. */
export const absences = ['is stopped with SIGSTOP', 'does not run'] as const

/** Lets Neo4j prune log that is not archived yet, and expects that this is told and marked, and that what follows is restorable. */
export async function expectGapMarked(
  how: (typeof absences)[number],
  { folder, repo }: { folder: string; repo: string },
): Promise<void> {
  await succeed('repo', 'init', '--repo', repo)
  await using server = await startIn(folder, namedVersions.lts, { settings: pruning })
  const driver = openDriver(server.boltUri)
  await using archiver = new ArchiverProcess({ dataDir: server.dataDir, repo, interval: '100ms' })
  archiver.start()
  const before = await write(driver, slowly, async (clients) => {
    await archiver.backedUp(1)
    await clients.advance(20)
  })
  await archiver.reaches(before)

  if (how === 'does not run') await archiver.kill()
  else process.kill(archiver.pid, 'SIGSTOP')
  // Until the file in use and the one behind it are gone: one that the stopped archiver holds open is not lost to it.
  const present = await logVersions(server.dataDir)
  await write(driver, fast, async (clients) => {
    while ((await logVersions(server.dataDir))[0]! < present.at(-1)! + 2) await clients.advance(50)
  })
  if (how === 'does not run') archiver.start()
  else process.kill(archiver.pid, 'SIGCONT')
  const behind = await write(driver, slowly, async (clients) => clients.advance(20))
  await driver.close()

  // Once all is archived it is known what was lost: more than once where the archiver was held up, and each time a backup follows.
  await archiver.reaches(behind)
  const { lineages } = await succeed<Status>('archive', 'status', '--repo', repo)
  const gaps = lineages.flatMap((lineage) => (lineage.database === 'neo4j' ? lineage.gaps : []))
  const gap = gaps.find(({ last }) => last > before)
  expect(gap!.first).toBeGreaterThan(before)
  expect(gap!.last).toBeGreaterThanOrEqual(gap!.first)
  const lost = Math.max(...gaps.map(({ last }) => last))
  const repository = await repositoryIn(repo)
  await archiver.until(async () => {
    const databases = (await repository.listBackups()).flatMap(({ manifest }) => manifest?.databases ?? [])
    return databases.some(({ name, lastTransaction }) => name === 'neo4j' && lastTransaction.id > lost)
  })

  const to = (id: number, name: string): string[] =>
    ['restore', 'start', '--to-tx', String(id), '--skip-checks'].concat('--to-dir', join(folder, name), '--repo', repo)
  for (const id of [gap!.first, gap!.last])
    expect(await holdfast(...to(id, 'refused'))).toMatchObject({
      exitCode: 7,
      error: { code: 'refused', hint: expect.stringMatching(/before it transaction \d+ .*; after it transaction \d+/) },
    })
  for (const [name, id] of Object.entries({ before: gap!.first - 1, behind })) {
    await succeed(...to(id, name))
    expect((await loggedIn(join(folder, name))).at(-1)!.id).toBe(id)
  }
}

async function logVersions(dataDir: string): Promise<number[]> {
  return (await listLogFiles(logDirectory(dataDir, 'neo4j'))).map(({ version }) => version)
}

/** Lets clients write until something has come about. @returns the last transaction that they know of */
async function write(
  driver: Driver,
  pace: typeof slowly | typeof fast,
  until: (clients: MarkerClients) => Promise<void>,
): Promise<number> {
  await using clients = new MarkerClients({ ...pace, first: Date.now() })
  clients.resume(driver)
  await until(clients)
  await clients.stop()
  return Math.max(...clients.acknowledged.map(({ transaction }) => transaction))
}
