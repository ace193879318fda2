import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { liveLogSize, roughLogSize } from '../../../src/neo4j/liveLogSize.ts'
import type { LogPlace } from '../../../src/neo4j/logFollower.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const { signal } = new AbortController()

let folder: string
let log: SyntheticLog
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-log-size-'))
  log = SyntheticLog.create(join(folder, 'data')).write(3).rotate().write(4).rotate().write(2)
  // Neo4j makes a file as long as it may become.
  appendFileSync(log.path(), Buffer.alloc(10_000))
})
afterEach(() => rmSync(folder, { recursive: true }))

const behind = (id: number): LogPlace => {
  const { logVersion, end: offset, checksum: previousChecksum } = log.at(id)
  return { logVersion, offset, nextId: id + 1, previousChecksum }
}

describe('the size of the log behind a place', () => {
  test.each([2, 4, 5, 8, 9])('transaction %i', async (id) => {
    const bytes = log.transactions.filter((other) => other.id > id).reduce((sum, { start, end }) => sum + end - start, 0)
    const expected = { bytes, since: log.at(id + 1).commitTime }
    expect(await liveLogSize(log.directory, behind(id), signal)).toEqual(expected)
    expect(await roughLogSize(log.directory, behind(id), signal)).toEqual(expected)
  })

  test('that is the end is nothing', async () => {
    const expected = { bytes: 0, since: undefined }
    expect(await liveLogSize(log.directory, behind(10), signal)).toEqual(expected)
    expect(await roughLogSize(log.directory, behind(10), signal)).toEqual(expected)
  })

  test('that is not known, or was pruned, is that of all there is', async () => {
    const since = log.at(2).commitTime
    expect(await roughLogSize(log.directory, undefined, signal)).toMatchObject({ since })
    const place = behind(3)
    log.prune(1)
    const bytes = [5, 6, 7, 8, 9, 10].reduce((sum, id) => sum + log.at(id).end - log.at(id).start, 0)
    for (const from of [place, undefined])
      expect(await roughLogSize(log.directory, from, signal)).toEqual({ bytes, since: log.at(5).commitTime })
  })
})

test('the rough size is told without reading the files between the first transaction and the newest file', async () => {
  const whole = await roughLogSize(log.directory, behind(2), signal)
  log.damage(4).damage(6)
  expect(await roughLogSize(log.directory, behind(2), signal)).toEqual(whole)
  await expect(liveLogSize(log.directory, behind(2), signal)).rejects.toMatchObject({ code: 'integrity' })
})

test('both end when they are told to', async () => {
  const aborted = AbortSignal.abort()
  for (const size of [liveLogSize, roughLogSize])
    await expect(size(log.directory, behind(2), aborted)).rejects.toMatchObject({ name: 'AbortError' })
})
