import { join } from 'node:path'
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
  await using clients = new MarkerClients({ clients: 4, pace: 10, size: 2000 })
  clients.resume(driver)
  await using archiver = new ArchiverProcess({ dataDir: server.dataDir, repo, interval: '100ms' })
  archiver.start()
  await archiver.backedUp(1)
  await clients.advance(20)
  await archiver.reaches(newest(clients))

  if (how === 'does not run') await archiver.kill()
  else process.kill(archiver.pid, 'SIGSTOP')
  const { archive, ...repository } = await repositoryIn(repo)
  // Until the file in use and the one behind it are gone: one that the stopped archiver holds open is not lost to it.
  const present = await logVersions(server.dataDir)
  while ((await logVersions(server.dataDir))[0]! < present.at(-1)! + 2) await clients.advance(50)
  if (how === 'does not run') archiver.start()
  else process.kill(archiver.pid, 'SIGCONT')

  await archiver.until(async () => (await archive.list()).gaps.length > 0)
  await archiver.backedUp(2)
  await clients.advance(20)
  await archiver.reaches(newest(clients))
  const acknowledged = newest(clients)
  await clients.stop()
  await driver.close()

  const { lineages } = await succeed<Status>('archive', 'status', '--repo', repo)
  const gaps = lineages.flatMap((lineage) => lineage.gaps)
  const [gap] = gaps
  expect(gap!.first).toBeGreaterThan(1)
  expect(gap!.last).toBeGreaterThanOrEqual(gap!.first)
  const bases = (await repository.listBackups()).map(({ manifest }) => manifest!.databases.find(({ name }) => name === 'neo4j')!)
  expect(bases.at(-1)!.lastTransaction.id).toBeGreaterThan(gap!.last)

  const to = (id: number, name: string): string[] =>
    ['restore', 'start', '--to-tx', String(id), '--skip-checks'].concat('--to-dir', join(folder, name), '--repo', repo)
  for (const id of [gap!.first, gap!.last])
    expect(await holdfast(...to(id, 'refused'))).toMatchObject({
      exitCode: 7,
      error: { code: 'refused', hint: expect.stringMatching(/before it transaction \d+ .*; after it transaction \d+/) },
    })
  for (const [name, id] of Object.entries({ before: gap!.first - 1, behind: acknowledged })) {
    await succeed(...to(id, name))
    expect((await loggedIn(join(folder, name))).at(-1)!.id).toBe(id)
  }
}

async function logVersions(dataDir: string): Promise<number[]> {
  return (await listLogFiles(logDirectory(dataDir, 'neo4j'))).map(({ version }) => version)
}

function newest(clients: MarkerClients): number {
  return Math.max(...clients.acknowledged.map(({ transaction }) => transaction))
}
