import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll, backUpLogs } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { asked, endsOfPlan, latest, planTo, tx } from '../../support/planning.ts'
import type { SyntheticLog } from '../../support/syntheticLog.ts'
import { type ServerLogs, SyntheticServer } from '../../support/syntheticServer.ts'

const root = rootLineage(sampleStore)

let server: SyntheticServer
let repository: Repository
let log: SyntheticLog
let system: SyntheticLog
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ repository, log, system } = server)
  await server.backUpAt(4.5, log.write(3), system.write(2))
  await archiveAll(repository, system.write(1))
})
afterEach(() => server[Symbol.dispose]())

/** Both restored; then a user is made, and archived as what a new lineage of `system` begins with. */
async function restoreAndMakeUser(to: number): Promise<ServerLogs> {
  const restored = server.restored(to, 3)
  await server.writeAt(100, restored.system, 'after')
  return restored
}

/** The clock of backups goes past the one by which lineages are described. */
function afterLineages(): void {
  server.clock.jumpTo(Date.now() + 10_000)
}

describe('[archive.lineages] a database that has written nothing since a restore, while another one of its set has', () => {
  test('makes the latest a question, as the archive still has what was undone', async () => {
    await archiveAll(repository, log.write(4))
    const restored = await restoreAndMakeUser(6)
    const lineage = branchLineage(rootLineage(system.store), restored.system.at(4))
    const question = asked(
      `--lineage ${root} up to transaction 8 of`,
      `--lineage ${root} --to-tx 6 up to transaction 6 \\(where it stood when lineage ${lineage} of system began`,
    )
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
    expect(await endsOfPlan(repository, latest, root)).toEqual([4, 8])
    expect(await endsOfPlan(repository, tx(6), root)).toEqual([4, 6])
    expect(await endsOfPlan(repository, tx(8))).toEqual([4, 8])
    await server.writeAt(200, restored.log, 'after')
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 7 } }, { to: { id: 4 } }], doubts: [] })
  })

  test('makes the latest a question, as a backup still has what was undone', async () => {
    await archiveAll(repository, log.write(2))
    const { id } = await backUpLogs(repository, log.write(3), system)
    await restoreAndMakeUser(6)
    const question = asked(`--id ${id} up to transaction 9`, `--lineage ${root} up to`, `--lineage ${root} --to-tx 6 up to`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })

  test('makes the latest a question where it wrote what is not archived', async () => {
    await archiveAll(repository, log.write(4))
    const restored = server.restored(6, 3)
    restored.log.write(1, { body: 'not archived' })
    await server.writeAt(100, restored.system, 'after')
    const question = asked(`--lineage ${root} up to transaction 8 of`, 'a new backup of it up to transaction 7 \\(where it stood')
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
    afterLineages()
    const { id } = await backUpLogs(repository, restored.log)
    await expect(planTo(repository, latest)).rejects.toMatchObject(
      asked(`--lineage ${root} up to`, `--id ${id} up to transaction 7`),
    )
  })

  test('makes the latest a question where it went back to what an earlier restore had given up', async () => {
    await archiveAll(repository, log.write(4))
    const other = log.copyUpTo(6, join(server.folder, 'other'))
    await server.writeAt(20, other, 'other')
    await restoreAndMakeUser(8)
    const branch = branchLineage(root, other.at(7))
    const question = asked(`--lineage ${branch} up to transaction 7`, `--lineage ${root} --to-tx 8 up to transaction 8`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })
})

describe('[archive.lineages] no question is a lineage of another database', () => {
  test('that began while this one stood at its end, or where its archive lags', async () => {
    await archiveAll(repository, log.write(4))
    const restored = await restoreAndMakeUser(8)
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 8 } }, { to: { id: 4 } }], doubts: [] })
    restored.log.write(2)
    await server.writeAt(300, system.copyUpTo(3, restored.log.dataDir), 'again')
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ to: { id: 8 } }, {}], doubts: [] })
  })

  test('of before a backup that shows where this one stands', async () => {
    await archiveAll(repository, log.write(4))
    await restoreAndMakeUser(6)
    await expect(planTo(repository, latest)).rejects.toMatchObject(asked('--lineage', '--to-tx 6'))
    afterLineages()
    await backUpLogs(repository, log, system)
    expect(await endsOfPlan(repository, latest)).toEqual([8, 8])
  })
})
