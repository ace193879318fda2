import { createSecretKey, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { type Archive, archiveOf } from '../../../src/repository/archive.ts'
import { readSegment } from '../../../src/repository/segment.ts'
import { rootLineage, type SegmentName, segmentName } from '../../../src/repository/segmentName.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { sampleStore } from '../../support/logBytes.ts'
import { hookedListing, metered } from '../../support/meteredStorage.ts'
import { collect, patterned } from '../../support/streams.ts'

const mebibyte = 1024 * 1024

/** The format knows nothing of transactions: any bytes of the right length do. */
const named = (length: number, first = 2): SegmentName => ({
  lineage: rootLineage(sampleStore),
  first,
  last: first + 1,
  checksum: 0xabcdef,
  latest: 1_767_225_600_000,
  logVersion: 0,
  start: 128,
  end: 128 + length,
})

async function* pieces(content: Buffer, size = content.length): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield await Promise.resolve(content.subarray(at, at + size))
}

interface Ground {
  storage: Storage
  archive: Archive
  /** What is stored as a segment. */
  read: (segment: SegmentName) => Promise<Buffer>
}

const keys = [1, 2].map((seed) => createSecretKey(patterned(32, seed)))

/** The archive in a repository of its own, with a key as a passphrase opens it. */
function archiveWith(master: KeyObject | undefined, storage = memoryStorage()): Ground {
  const access = { id: 'f'.repeat(32), storage, clock: systemClock, master }
  return { storage, archive: archiveOf(access), read: async (segment) => collect(readSegment(access, segment)) }
}

describe.each([
  { how: 'plain', master: undefined },
  { how: 'encrypted', master: keys[0] },
])('$how', ({ master }) => {
  /** The stored object of a segment. */
  const stored = async ({ storage, archive }: Ground, segment: SegmentName, content: Buffer): Promise<Buffer> => {
    await archive.putSegment(segment, pieces(content))
    return collect(storage.get(segmentName(segment)))
  }
  const replaced = async ({ storage, read }: Ground, segment: SegmentName, object: Buffer): Promise<Buffer> => {
    await storage.delete(segmentName(segment))
    await storage.put(segmentName(segment), object)
    return read(segment)
  }

  test.each([1, 4096, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 77])('%i bytes come back', async (length) => {
    const ground = archiveWith(master)
    const content = patterned(length)
    expect(await ground.archive.putSegment(named(length), pieces(content, 100_003))).toBe(true)
    expect((await ground.read(named(length))).equals(content)).toBe(true)
    expect(await ground.archive.putSegment(named(length), pieces(content))).toBe(false)
  })

  test('[damage.detected] whichever byte is flipped, it is damage; or it says the same, as bits of a zstd header do', async () => {
    const ground = archiveWith(master)
    const content = Buffer.from('some log that is short and has some log that is short in it twice')
    const object = await stored(ground, named(content.length), content)
    const harmless: number[] = []
    for (let at = 0; at < object.length; at++)
      for (const mask of [1, 0x80, 0xff]) {
        const flipped = Buffer.from(object)
        flipped[at]! ^= mask
        const outcome: unknown = await replaced(ground, named(content.length), flipped).catch((error: unknown) => error)
        if (Buffer.isBuffer(outcome) && outcome.equals(content)) harmless.push(at)
        else expect(outcome, `byte ${at} of ${object.length}, ${mask}`).toMatchObject({ code: 'integrity' })
      }
    // Behind the length of the frame and the magic number of zstd.
    expect(harmless.filter((at) => at < 32 || at > 40)).toEqual([])
    expect(harmless.length).toBeLessThanOrEqual(master === undefined ? 3 : 0)
  })

  test('[damage.detected] cut to any length or grown, it is damage', async () => {
    const ground = archiveWith(master)
    const content = Buffer.from('some log that is short and has some log that is short in it twice')
    const object = await stored(ground, named(content.length), content)
    for (let length = 0; length < object.length; length++)
      await expect(replaced(ground, named(content.length), object.subarray(0, length))).rejects.toMatchObject({
        code: 'integrity',
      })
    await expect(replaced(ground, named(content.length), Buffer.concat([object, Buffer.alloc(1)]))).rejects.toMatchObject({
      code: 'integrity',
    })
    expect((await replaced(ground, named(content.length), object)).equals(content)).toBe(true)
  })

  test('[damage.detected] frames that changed places, were lost or doubled are damage', async () => {
    const ground = archiveWith(master)
    const content = patterned(3 * mebibyte + 5)
    const object = await stored(ground, named(content.length), content)
    const frames = framesOf(object)
    expect(frames).toHaveLength(5)
    const [a, b, c, d, end] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer]
    const head = object.subarray(0, 24)
    const arrangements = [[b, a, c, d, end], [a, b, d, end], [a, c, b, d, end], [a, b, c, d, d, end], [a, b, c, end], [end]]
    for (const order of arrangements)
      await expect(replaced(ground, named(content.length), Buffer.concat([head, ...order]))).rejects.toMatchObject({
        code: 'integrity',
      })
    expect((await replaced(ground, named(content.length), Buffer.concat([head, ...frames]))).equals(content)).toBe(true)
  })

  test('[damage.detected] under a name that says another length it is damage', async () => {
    const ground = archiveWith(master)
    const content = patterned(5000)
    const object = await stored(ground, named(5000), content)
    for (const length of [4999, 5001, 2 * mebibyte])
      await expect(replaced(ground, named(length), object)).rejects.toMatchObject({ code: 'integrity' })
  })

  test('one that is missing is named', async () => {
    const { read } = archiveWith(master)
    await expect(read(named(10))).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringContaining(segmentName(named(10))),
    })
  })
})

test('[repository.encrypted] an encrypted segment says nothing of its log, is stored anew with another key, and only under its name', async () => {
  const { storage, archive, read } = archiveWith(keys[0])
  const content = Buffer.from('the secret word is swordfish, and swordfish it stays'.repeat(20))
  const objects: Buffer[] = []
  for (let attempt = 0; attempt < 2; attempt++) {
    await archive.putSegment(named(content.length), pieces(content))
    objects.push(await collect(storage.get(segmentName(named(content.length)))))
    await storage.delete(segmentName(named(content.length)))
  }
  for (const object of objects) expect(object.includes('swordfish')).toBe(false)
  expect(objects[0]!.subarray(8, 24).equals(objects[1]!.subarray(8, 24))).toBe(false)
  expect(objects[0]!.subarray(28, 60).equals(objects[1]!.subarray(28, 60))).toBe(false)

  const other = named(content.length, 50)
  await storage.put(segmentName(other), objects[0]!)
  await expect(read(other)).rejects.toMatchObject({ code: 'integrity' })
})

test.each([
  ['an encrypted one in a plain one', keys[0], undefined],
  ['a plain one in an encrypted one', undefined, keys[0]],
  ['with another key', keys[0], keys[1]],
])('a segment of another repository is damage: %s', async (_, from, into) => {
  const content = patterned(3000)
  const source = archiveWith(from)
  await source.archive.putSegment(named(3000), pieces(content))
  const { storage, read } = archiveWith(into)
  await storage.put(segmentName(named(3000)), source.storage.get(segmentName(named(3000))))
  await expect(read(named(3000))).rejects.toMatchObject({ code: 'integrity' })
})

test('a log that fails on its way leaves nothing', async () => {
  const { archive } = archiveWith(undefined)
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield* pieces(patterned(2 * mebibyte))
    throw new Error('cut off')
  }
  await expect(archive.putSegment(named(3 * mebibyte), broken())).rejects.toThrow('cut off')
  expect((await archive.list()).segments).toEqual([])
})

describe('[archive.merge] beside merges', () => {
  const byte = (first: number, last = first): SegmentName => ({ ...named(1), first, last, start: first, end: last + 1 })
  const put = async ({ archive }: Ground, segment: SegmentName): Promise<unknown> =>
    archive.putSegment(segment, pieces(Buffer.from('abcdefghijklmnop'.slice(segment.start, segment.end))))
  const listed = async ({ archive }: Ground): Promise<string[]> =>
    (await archive.list()).segments.map(({ first, last }) => `${first}-${last}`)
  /** Puts the whole of some segments and deletes them, as a merge does. */
  const merge = async (ground: Ground, whole: SegmentName, ...parts: readonly SegmentName[]): Promise<void> => {
    await put(ground, whole)
    for (const part of parts) await ground.archive.deleteSegment(part)
  }

  test.each([
    ['one merge', [[2, 6]]],
    [
      'one merge after the other',
      [
        [2, 3],
        [2, 6],
      ],
    ] as const,
  ])('a listing shows all log that was there before: %s', async (_, wholes) => {
    const ground = archiveWith(undefined)
    for (const id of [1, 2, 3, 4, 5, 6]) await put(ground, byte(id))
    const left = wholes.map(([first, last]) => byte(first!, last!))
    const storage = hookedListing(ground.storage, async () => {
      const whole = left.shift()
      if (!whole) return
      const { segments } = await ground.archive.list()
      await merge(ground, whole, ...segments.filter(({ first, last }) => whole.first <= first && last <= whole.last))
    })
    expect(await listed(archiveWith(undefined, storage))).toEqual(['1-1', '2-6'])
  })

  test('a listing ends, though segments are removed all the time', async () => {
    const ground = archiveWith(undefined)
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8, 9]) await put(ground, byte(id))
    let gone = 0
    const storage = metered(hookedListing(ground.storage, async () => ground.archive.deleteSegment(byte(++gone))))
    expect(await listed(archiveWith(undefined, storage))).toEqual(['5-5', '6-6', '7-7', '8-8', '9-9'])
    expect(storage.requests).toHaveLength(5)
  })
})

/** The frames behind the head, each with its length; the trailer is the last. */
function framesOf(object: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 24; at < object.length;) {
    const length = object.readUInt32LE(at)
    const end = length === 0 ? object.length : at + 4 + length
    frames.push(object.subarray(at, end))
    at = end
  }
  return frames
}
