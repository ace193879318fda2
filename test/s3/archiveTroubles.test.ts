import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { ArchiverProcess } from '../support/archiverProcess.ts'
import { FaultProxy } from '../support/faultProxy.ts'
import { succeed } from '../support/holdfast.ts'
import { MarkerClients, openDriver } from '../support/markerClients.ts'
import { installed, startIn, withFolder } from '../support/neo4j.ts'
import { expectArchived, missingMarkers } from '../support/pointInTimeChecks.ts'
import { restlessLog } from '../support/pointInTimeScenario.ts'
import { RestoredChecker } from '../support/restoredChecker.ts'
import { startMinio } from '../support/s3Servers.ts'
import { repositoryIn } from '../support/storageAt.ts'
import { createUser } from '../support/systemUsers.ts'
import { always, atPut, nextPut, StaleListings, troubled } from '../support/troubledNetwork.ts'

const version = namedVersions.lts
const settings = { ...restlessLog, 'db.tx_log.rotation.size': '128k' }

const troubles = {
  'connections that break': { trouble: always('cut'), times: 6 },
  'connections that break within a put': { trouble: atPut('cut half sent'), times: 4 },
  'storms of 503': { trouble: always({ status: 503, code: 'SlowDown' }), times: 4 },
  'storms of 429': { trouble: always({ status: 429, code: 'TooManyRequests' }), times: 4 },
  'rights that are gone': { trouble: always({ status: 403, code: 'AccessDenied' }), times: 2 },
  'answers that are lost': { trouble: atPut('lose reply'), times: 4 },
}

test('[archive.exact] [s3.network] through broken connections, storms, held and lost answers and stale listings, what clients write is archived as it is in the log', async () =>
  withFolder('archive-troubles', async (folder) => {
    await using minio = await startMinio(folder)
    await using proxy = await FaultProxy.start(minio.options.endpoint!)
    const repo = `s3://${await minio.newBucket('troubles')}/graph`
    minio.use()
    await succeed('repo', 'init', '--repo', repo)
    const repository = await repositoryIn(repo)
    const server = await startIn(folder, version, { settings })
    const driver = openDriver(server.boltUri)
    await using archiver = new ArchiverProcess({ dataDir: server.dataDir, repo, interval: '100ms' })
    /** Only the archiver is behind the proxy. */
    const startArchiver = (): void => {
      minio.use({ HOLDFAST_ENDPOINT: proxy.endpoint })
      archiver.start()
      minio.use()
    }
    await using clients = new MarkerClients({ clients: 4, pace: 20, size: 900 })
    const caughtUp = async (): Promise<void> =>
      archiver.reaches(Math.max(...clients.acknowledged.map(({ transaction }) => transaction)))
    try {
      clients.resume(driver)
      startArchiver()
      await archiver.backedUp(1)
      await createUser(driver, 1)
      await clients.advance(20)
      await caughtUp()

      const listings = new StaleListings()
      await archiver.kill()
      listings.remember(proxy)
      startArchiver()
      await clients.advance(20)
      await caughtUp()

      for (const trouble of Object.values(troubles)) {
        await troubled(proxy, trouble, async () => clients.advance(30))
        await caughtUp()
      }

      const gate = Promise.withResolvers<void>()
      await troubled(proxy, { trouble: atPut(gate.promise), times: 1 }, async () => clients.advance(60))
      gate.resolve()
      await caughtUp()

      // The second is the first one's next attempt: it was stored, and nobody has been told.
      await troubled(proxy, { trouble: atPut('lose reply'), times: 2 }, async () => clients.advance(1))
      await archiver.kill()
      startArchiver()
      // Until it has stored something on the word of a list that leaves out what was archived in the meantime.
      await troubled(proxy, { trouble: listings.repeat, times: 1 }, async () => nextPut(proxy, () => listings.lies > 0))
      await clients.advance(20)
      await clients.stop()
      await caughtUp()
      await archiver.kill()
    } finally {
      await clients.stop()
      await driver.close()
      await server.stop()
    }

    const { lineages } = await repository.archive.list()
    const described = await Promise.all(lineages.map(async (id) => repository.archive.readLineage(id)))
    expect(described.filter(({ branch }) => branch).map(({ id }) => id)).toEqual([])
    expect(described.map(({ database }) => database).toSorted()).toEqual(['neo4j', 'system'])
    for (const { id, database } of described) await expectArchived(repository, id, server.dataDir, database)
    expect(await succeed('archive', 'validate', '--repo', repo)).toMatchObject({ verdict: 'good' })
    const target = join(folder, 'restored')
    await succeed('restore', 'start', '--latest', '--skip-checks', '--to-dir', target, '--repo', repo)
    await using checker = await RestoredChecker.start(await installed(version))
    const { markers, problems } = await checker.check(target)
    expect([...missingMarkers(clients.acknowledged, Infinity, markers), ...problems]).toEqual([])
  }))
