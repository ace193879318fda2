import { hash } from 'node:crypto'
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { LogFollower, LogGapError, type LogPlace, LogReplacedError, type NewLog } from '../../../src/neo4j/logFollower.ts'
import { baseChecksum, headerBytes } from '../../support/logBytes.ts'
import { ManualClock } from '../../support/manualClock.ts'
import { collect, failure } from '../../support/streams.ts'
import { SyntheticLog } from '../../support/syntheticLog.ts'

const enough = 1 << 20

let folder: string
let follower: LogFollower | undefined
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-follower-'))))
afterEach(async () => {
  await follower?.[Symbol.asyncDispose]()
  follower = undefined
  rmSync(folder, { recursive: true })
})

const place: LogPlace = { logVersion: 0, offset: 128, nextId: 2, previousChecksum: baseChecksum }
const make = (options: { kernelVersion?: number } = {}): SyntheticLog => SyntheticLog.create(join(folder, 'data'), options)
const follow = (log: SyntheticLog, at: LogPlace = place): LogFollower => (follower = new LogFollower(log.directory, at))
const ids = (found: NewLog | undefined): number[] => (found ? [found.first, found.last] : [])

const sum = (bytes: Buffer): string => `${bytes.length} bytes ${hash('sha256', bytes)}`

/** Takes what is next, with its bytes, and goes on behind it. */
async function take(following: LogFollower, limit = enough): Promise<{ ids: number[]; bytes: string } | undefined> {
  const found = await following.next(limit)
  if (!found) return undefined
  const bytes = await collect(following.read(found))
  await following.advance(found)
  return { ids: ids(found), bytes: sum(bytes) }
}

describe.each([12, 20, 33])('kernel version %i', (kernelVersion) => {
  test('follows from file to file and hands over the very bytes', async () => {
    const log = make({ kernelVersion }).write(3)
    const following = follow(log)
    expect(await take(following)).toEqual({ ids: [2, 4], bytes: sum(log.slice(2, 4)) })
    expect(await following.next(enough)).toBeUndefined()
    log.write(2).rotate()
    expect(await take(following)).toEqual({ ids: [5, 6], bytes: sum(log.slice(5, 6)) })
    expect(await following.next(enough)).toBeUndefined()
    log.write(1).rotate().write(2)
    expect(await take(following)).toEqual({ ids: [7, 7], bytes: sum(log.slice(7, 7)) })
    expect(await take(following)).toEqual({ ids: [8, 9], bytes: sum(log.slice(8, 9)) })
    expect(following.place).toEqual({ logVersion: 2, offset: log.at(9).end, nextId: 10, previousChecksum: log.last.checksum })
  })

  test('a torn transaction is taken when it is whole, whatever it was cut to', async () => {
    const log = make({ kernelVersion }).write(1)
    const following = follow(log)
    await take(following)
    const [next] = log.next(1, { body: 'x'.repeat(200) })
    for (let length = 1; length < next!.length; length++) {
      appendFileSync(log.path(), next!.subarray(length - 1, length))
      expect(await following.next(enough)).toBeUndefined()
    }
    truncateSync(log.path(), log.size)
    log.write(1, { body: 'x'.repeat(200) })
    expect(await take(following)).toEqual({ ids: [3, 3], bytes: sum(next!) })
  })

  test('zeros behind the end are not log, and the log that is written into them is', async () => {
    const log = make({ kernelVersion }).write(2)
    const following = follow(log)
    truncateSync(log.path(), 1 << 18)
    expect(await take(following)).toEqual({ ids: [2, 3], bytes: sum(log.slice(2, 3)) })
    truncateSync(log.path(), log.size)
    log.write(2)
    truncateSync(log.path(), 1 << 18)
    expect(await take(following)).toEqual({ ids: [4, 5], bytes: sum(log.slice(4, 5)) })
    expect(await following.next(enough)).toBeUndefined()
  })

  test('another log of the same name and length is noticed', async () => {
    const log = make({ kernelVersion }).write(4)
    const following = follow(log)
    await take(following)
    log.cutBack(4).write(1, { commitTime: 1_800_000_000_000 }).write(1)
    await expect(following.next(enough)).rejects.toBeInstanceOf(LogReplacedError)
  })
})

test('takes about as much as asked and never a part of a transaction, however large', async () => {
  const log = make()
    .write(1, { body: 'a'.repeat(3 << 20) })
    .write(4, { body: 'b'.repeat(600) })
  const following = follow(log)
  expect(await take(following, 1000)).toEqual({ ids: [2, 2], bytes: sum(log.slice(2, 2)) })
  expect((await take(following, 1000))?.ids).toEqual([3, 4])
  expect((await take(following, 1))?.ids).toEqual([5, 5])
  expect((await take(following))?.ids).toEqual([6, 6])
})

test('a file whose header is not written yet is no log yet', async () => {
  const log = make().write(2)
  const following = follow(log)
  await take(following)
  writeFileSync(log.path(1), Buffer.alloc(4096))
  expect(await following.next(enough)).toBeUndefined()
  rmSync(log.path(1))
  log.rotate().write(1)
  expect((await take(following))?.ids).toEqual([4, 4])
})

describe('log that is pruned', () => {
  test('before it was read is a gap, and the one that is held open is read to its end', async () => {
    const log = make().write(2)
    const following = follow(log)
    expect((await take(following))?.ids).toEqual([2, 3])
    log.write(1).rotate().write(2).rotate().write(1).prune()
    expect((await take(following))?.ids).toEqual([4, 4])
    const error = await failure(following.next(enough))
    expect(error).toBeInstanceOf(LogGapError)
    expect(error).toMatchObject({ message: `transactions 5 to 6 are not in ${log.directory} any more` })
  })

  test('at any moment while it is looked at, what the open file got before that is read', async () => {
    for (let moment = 0; moment < 40; moment++) {
      rmSync(join(folder, 'data'), { recursive: true, force: true })
      const log = make().write(2)
      await using following = new LogFollower(log.directory, place)
      await take(following)
      const looking = take(following)
      for (let turn = 0; turn < moment; turn++) await setImmediate()
      log.write(1).rotate().write(2).rotate().write(1).prune()
      const read = (await looking) ?? (await take(following))
      expect([moment, read?.ids]).toEqual([moment, [4, 4]])
    }
  })

  test('before it was opened is a gap, also where the next file is there', async () => {
    const log = make().write(2).rotate().write(1).prune()
    const error = await failure(follow(log).next(enough))
    expect(error).toBeInstanceOf(LogGapError)
    expect(error).toMatchObject({ message: `transactions 2 to 3 are not in ${log.directory} any more` })
  })

  test('when all of it was read is no gap', async () => {
    const log = make().write(2)
    const behind = { logVersion: 0, offset: log.size, nextId: 4, previousChecksum: log.last.checksum }
    log.rotate().write(1).prune()
    expect((await take(follow(log, behind)))?.ids).toEqual([4, 4])
  })
})

describe('a log that takes the place of another', () => {
  test('is noticed though its newest file is older than the one followed', async () => {
    const log = make().write(2).rotate().write(2).rotate().write(2)
    const following = follow(log)
    for (let file = 0; file < 3; file++) await take(following)
    expect(await following.next(enough)).toBeUndefined()
    log.copyUpTo(3, join(folder, 'restored')).moveTo(log)
    await expect(following.next(enough)).rejects.toBeInstanceOf(LogReplacedError)
  })

  test('is noticed between two files', async () => {
    const log = make().write(2)
    const following = follow(log)
    await take(following)
    log.copyUpTo(2, join(folder, 'restored')).write(1, { body: 'other' }).rotate().write(1).moveTo(log)
    await expect(following.next(enough)).rejects.toBeInstanceOf(LogReplacedError)
  })

  test('is noticed where it was replaced before it was opened', async () => {
    const log = make().write(2)
    const behind = { logVersion: 0, offset: log.size, nextId: 4, previousChecksum: log.last.checksum }
    log.cutBack(2).write(1, { commitTime: 1_800_000_000_000 })
    await expect(follow(log, behind).next(enough)).rejects.toBeInstanceOf(LogReplacedError)
  })

  test('is noticed where the directory is gone for a while', async () => {
    const log = make().write(2)
    const following = follow(log)
    await take(following)
    renameSync(log.path(), join(folder, 'aside'))
    await expect(following.next(enough)).rejects.toBeInstanceOf(LogReplacedError)
  })
})

test('a file that is damaged before its end, with another one behind it, is damage', async () => {
  const log = make().write(3)
  const bytes = log.next(1)[0]!
  appendFileSync(log.path(), bytes.subarray(0, bytes.length - 3))
  writeFileSync(log.path(1), headerBytes({ logVersion: 1, lastIdBefore: 5 }))
  const following = follow(log)
  expect((await take(following))?.ids).toEqual([2, 4])
  expect(await failure(following.next(enough))).toMatchObject({ code: 'integrity' })
})

describe('damage in the newest file', () => {
  const clock = new ManualClock()
  const followInTime = (log: SyntheticLog): LogFollower => (follower = new LogFollower(log.directory, place, clock))

  test.each(['byte', 'zeros'] as const)('is told once more was written behind it (%s)', async (how) => {
    const log = make({ kernelVersion: 33 }).write(3)
    const following = followInTime(log)
    await take(following)
    expect(await following.next(enough)).toBeUndefined()
    log.write(1).damage(5, how)
    for (let second = 0; second < 60; second++) {
      expect(await following.next(enough)).toBeUndefined()
      await clock.advance(1000)
    }
    log.write(3)
    let error: unknown
    for (let second = 0; second < 60 && !error; second++) {
      error = await following.next(enough).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      await clock.advance(1000)
    }
    expect(error).toMatchObject({ code: 'integrity', hint: expect.stringContaining('Transaction 6') })
  })

  test.each(['byte', 'zeros'] as const)('is told at once where it was there before (%s)', async (how) => {
    const log = make({ kernelVersion: 20 }).write(6).damage(5, how)
    const following = followInTime(log)
    expect((await take(following))?.ids).toEqual([2, 4])
    await expect(following.next(enough)).rejects.toMatchObject({ code: 'integrity' })
    log.rotate().write(1)
    await expect(following.next(enough)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('is none where a transaction takes long to be written', async () => {
    const log = make().write(1)
    const following = followInTime(log)
    await take(following)
    const [next] = log.next(1, { body: 'x'.repeat(4000) })
    for (let at = 0; at < next!.length; at += 100) {
      appendFileSync(log.path(), next!.subarray(at, at + 100))
      await clock.advance(3000)
      if (at + 100 < next!.length) expect(await following.next(enough)).toBeUndefined()
    }
    expect((await take(following))?.ids).toEqual([3, 3])
  })
})

test('a kernel version that is not known is an error, not the end', async () => {
  const log = make().write(1)
  const following = follow(log)
  await take(following)
  const [bytes] = log.next(1)
  bytes![0] = 99
  appendFileSync(log.path(), bytes!)
  const error = await failure(following.next(enough))
  expect(error).toBeInstanceOf(HoldfastError)
  expect(error).toMatchObject({ message: expect.stringContaining('kernel version 99') })
})
