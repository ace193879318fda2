import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/repository/repository.ts'
import { branchLineage, rootLineage } from '../../../src/repository/segmentName.ts'
import { archiveAll } from '../../support/archiving.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { asked, endsOfPlan, latest, planTo, refused, tx } from '../../support/planning.ts'
import { firstCommit, type SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

const root = rootLineage(sampleStore)

let server: SyntheticServer
let repository: Repository
let log: SyntheticLog
beforeEach(async () => {
  server = await SyntheticServer.create()
  ;({ repository, log } = server)
})
afterEach(() => server[Symbol.dispose]())

/** Now, and a little later, by the clock by which lineages are described. */
const realSeconds = (): number => (Date.now() - firstCommit) / 1000 + 10

const restored = (to: number): SyntheticLog => log.copyUpTo(to, join(server.folder, 'restored'))

describe('[archive.lineages] a backup of a server that was restored to an earlier point and has written nothing since', () => {
  test('makes the latest a question, as the archive still has what was undone', async () => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(6))
    const { id } = await server.backUpAt(100, restored(5))
    await expect(planTo(repository, latest)).rejects.toMatchObject(
      asked(`--lineage ${root} up to transaction 9`, `--id ${id} up to transaction 5 .*begun 2026-01-01T00:01:40.*had gone back`),
    )
    expect(await endsOfPlan(repository, latest, root)).toEqual([5, 9])
    expect(await endsOfPlan(repository, tx(7))).toEqual([5, 7])
  })

  test('makes the latest a question, as another backup still has what was undone', async () => {
    const before = await server.backUpAt(6, log.write(4))
    const { id } = await server.backUpAt(100, restored(3))
    const question = asked(`--id ${before.id} up to transaction 5`, `--id ${id} up to transaction 3`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })

  test('makes the latest a question though the clock of what was undone was ahead, where another backup has that', async () => {
    await server.backUpAt(3, log.write(2))
    log.write(2).write(1, { commitTime: firstCommit + 3_600_000 })
    await archiveAll(repository, log)
    await server.backUpAt(10, log)
    const { id } = await server.backUpAt(100, restored(4))
    const question = asked(`--lineage ${root} up to transaction 6`, `--id ${id} up to transaction 4`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })

  test('makes the latest a question within a later lineage, too', async () => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(6))
    const other = restored(5).write(4, { body: 'after', commitTime: firstCommit + 50_000 })
    await archiveAll(repository, other)
    const { id } = await server.backUpAt(200, other.copyUpTo(7, join(server.folder, 'once more')))
    const question = asked(`--lineage ${branchLineage(root, other.at(6))} up to transaction 9`, `--id ${id} up to transaction 7`)
    await expect(planTo(repository, latest)).rejects.toMatchObject(question)
  })

  test('makes the latest a question though a trial was backed up later', async () => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(6))
    const { id } = await server.backUpAt(100, restored(5))
    for (const count of [1, 9]) {
      const trial = log
        .copyUpTo(4, join(server.folder, `trial ${count}`))
        .write(count, { body: 'trial', commitTime: firstCommit + 500 })
      await server.backUpAt(200 + count, trial)
      await expect(planTo(repository, latest)).rejects.toMatchObject(refused(`--id ${id} up to transaction 5 `))
    }
  })

  test('says that the clock may have been ahead, and what ends the question', async () => {
    await server.backUpAt(3, log.write(2))
    const { id } = await server.backUpAt(86_400, log.write(2))
    await archiveAll(repository, log.write(4))
    await server.backUpAt(100, log)
    await expect(planTo(repository, latest)).rejects.toMatchObject(
      asked(
        `--lineage ${root} up to`,
        `--id ${id} up to .*as the clock was ahead or that backup is of a copy, a delete of it ends the question`,
      ),
    )
    await repository.deleteBackups([id])
    expect(await endsOfPlan(repository, latest)).toEqual([9, 9])
  })

  test.each([
    ['', 200],
    [', by a clock that is behind', 50],
  ])('is no question once what it wrote since is archived%s', async (_, seconds) => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(6))
    const other = restored(5)
    await server.backUpAt(100, other)
    await archiveAll(repository, other.write(3, { body: 'after', commitTime: firstCommit + seconds * 1000 }))
    const { replays, doubts } = await planTo(repository, latest)
    expect(replays[0]).toMatchObject({ lineage: branchLineage(root, other.at(6)), from: { id: 5 }, to: { id: 8 } })
    expect(doubts).toEqual([])
  })
})

test('[archive.lineages] a moment at which a backup shows that the server had gone back is restored with a warning, once it had gone forward again', async () => {
  const { system } = server
  await server.backUpAt(4, log.write(3), system.write(1))
  await archiveAll(repository, log.write(5))
  const back = server.restored(5, 2)
  const { id } = await server.backUpAt(1000, back.log, back.system)
  const forward = server.restored(9, 2, 'forward')
  await server.backUpAt(5000, forward.log, forward.system)
  for (const write of [async () => {}, async () => server.writeAt(6000, forward.log)]) {
    await write()
    const { replays, doubts } = await planTo(repository, { kind: 'time', time: new Date(firstCommit + 2_000_000) })
    expect([replays[0]!.to.id, doubts]).toEqual([9, [expect.stringMatching(`gone back to that.* give --id ${id}$`)]])
    const later = { kind: 'time', time: new Date(firstCommit + 5_000_000) } as const
    expect((await planTo(repository, later)).doubts).toEqual([])
  }
})

describe('[archive.lineages] a backup of a server that was put back to what an earlier restore gave up', () => {
  let other: SyntheticLog
  let branch: string
  beforeEach(async () => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(5)) // 8
    other = restored(5).write(1, { body: 'after', commitTime: firstCommit + 20_000 })
    await archiveAll(repository, other)
    branch = branchLineage(root, other.at(6))
  })

  test.each([8, 7])('makes the latest a question though it has written nothing since (transaction %i)', async (to) => {
    const { id } = await server.backUpAt(realSeconds(), log.cutBack(to))
    await expect(planTo(repository, latest)).rejects.toMatchObject(
      asked(`--lineage ${branch} up to transaction 6`, `--id ${id} up to transaction ${to} .* had gone back`),
    )
    expect(await endsOfPlan(repository, latest, branch)).toEqual([3, 6])
  })

  test('is no question where it was made before, or a later one shows the restored one', async () => {
    await server.backUpAt(100, log)
    expect(await endsOfPlan(repository, latest)).toEqual([3, 6])
    await server.backUpAt(realSeconds(), log)
    await server.backUpAt(realSeconds() + 100, other)
    expect(await endsOfPlan(repository, latest)).toEqual([6, 6])
  })

  test('is no question once it goes on', async () => {
    await server.backUpAt(realSeconds(), log)
    await archiveAll(repository, log.write(1, { commitTime: Date.now() }))
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ from: { id: 8 }, to: { id: 9 } }], doubts: [] })
  })
})

describe('[archive.lineages] no question is a backup', () => {
  test('that ends with the last transaction of an idle database', async () => {
    await archiveAll(repository, log.write(2))
    await server.backUpAt(3, log)
    await archiveAll(repository, log.write(6))
    await server.backUpAt(100, log)
    await server.backUpAt(200, log)
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ from: { id: 9 }, to: { id: 9 } }], doubts: [] })
  })

  test('of before what was archived since, and one of what was archived in between', async () => {
    await server.backUpAt(3, log.write(2))
    await archiveAll(repository, log.write(6))
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ from: { id: 3 }, to: { id: 9 } }], doubts: [] })
    await server.backUpAt(100, log)
    await server.writeAt(100, log)
    expect(await planTo(repository, latest)).toMatchObject({ replays: [{ from: { id: 9 }, to: { id: 10 } }], doubts: [] })
  })
})
