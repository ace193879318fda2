import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RestorePoint } from '../../../src/recovery/restorePoint.ts'
import { at, latest, planTo, tx } from '../../support/planning.ts'
import type { SyntheticLog } from '../../support/syntheticLog.ts'
import { SyntheticServer } from '../../support/syntheticServer.ts'

let server: SyntheticServer
let neo4j: SyntheticLog
let system: SyntheticLog
/** Backed up with transaction 3 of each at 10 s. */
beforeEach(async () => {
  server = await SyntheticServer.create()
  neo4j = server.log.write(2)
  system = server.system.write(2)
  await backUpAt(10)
})
afterEach(() => server[Symbol.dispose]())

async function backUpAt(seconds: number): Promise<void> {
  await server.backUpAt(seconds, neo4j, system)
}

/** Both are restored to transaction 3 of the first backup. */
function restore(): void {
  ;({ log: neo4j, system } = server.restored(3, 3))
}

async function planned(point: RestorePoint): Promise<{ ends: (number | undefined)[][]; doubts: string[] }> {
  const { replays, doubts } = await planTo(server.repository, point)
  return { ends: replays.map(({ to: { id, checksum } }) => [id, checksum]), doubts }
}
const endsOf = (...logs: readonly SyntheticLog[]): number[][] => logs.map(({ last: { id, checksum } }) => [id, checksum])

describe('[archive.lineages] after a restore that gave up a transaction of system', () => {
  test('a backup of before with another one of the id where it stands is passed over', async () => {
    await server.writeAt(100, system)
    await backUpAt(200)
    await server.writeAt(300, neo4j)
    restore()
    await server.writeAt(1000, system, 'restored')
    await server.writeAt(1100, neo4j, 'restored')
    for (const point of [latest, tx(4)]) expect(await planned(point)).toEqual({ ends: endsOf(neo4j, system), doubts: [] })
  })

  test('a backup of before that has gone past where system and the present one parted is passed over', async () => {
    await server.writeAt(100, system)
    await backUpAt(200)
    await server.writeAt(300, neo4j)
    restore()
    await server.writeAt(1000, system, 'restored')
    await server.writeAt(1050, system, 'restored')
    await server.writeAt(1100, neo4j, 'restored')
    expect(await planned(latest)).toEqual({ ends: endsOf(neo4j, system), doubts: [] })
  })

  test('a moment of before the restore has it', async () => {
    await server.writeAt(100, system)
    await server.writeAt(110, neo4j)
    const before = endsOf(system)
    restore()
    await server.writeAt(1000, neo4j, 'restored')
    const { ends, doubts } = await planned(at(105))
    expect(ends).toEqual([...endsOf(neo4j.copyUpTo(3, join(server.folder, 'then'))), ...before])
    // Of the database asked for, what is left in the other lineage at 110 s is of later than the moment.
    expect(doubts).toEqual([])
    expect((await planned(latest)).ends).toEqual(endsOf(neo4j, system))
  })

  test('a moment of before the restore is never without it and without a word', async () => {
    await server.writeAt(100, system)
    restore()
    await backUpAt(1000)
    await server.writeAt(1100, system, 'restored')
    const { ends, doubts } = await planned(at(105))
    const has = ends[1]![0] === 4
    expect({
      ends: ends[0]![0],
      isTold: has || doubts.some((doubt) => doubt.startsWith('system ends with transaction 3')),
    }).toEqual({
      ends: 3,
      isTold: true,
    })
  })
})

test('[archive.lineages] a delete of the log that would tell does not hide that the database had gone back', async () => {
  await server.writeAt(100, neo4j)
  await server.writeAt(200, neo4j)
  await backUpAt(300)
  restore()
  const [first] = await server.repository.listBackups()
  await server.repository.deleteBackups([first!.id])
  await backUpAt(2000)
  await expect(planned(latest)).rejects.toMatchObject({ code: 'refused' })
})
