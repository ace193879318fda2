import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Storage } from '../../src/storage/storage.ts'
import { collect, failure, patterned, streamOf } from '../support/streams.ts'
import { ObjectExistsError, ObjectMissingError } from '../../src/storage/storageErrors.ts'

/** A driver under test: opens empty storage, and cleans up after it. */
export interface StorageUnderTest {
  open(): Promise<{ storage: Storage; close(): Promise<void> }>
  /** Whether bodies are kept in this process, so that its memory grows with them. */
  holdsBodies: boolean
}

const MiB = 1024 * 1024

/** What every storage driver must do. */
export function storageContract(driver: string, { open, holdsBodies }: StorageUnderTest): void {
  describe(`storage: ${driver}`, () => {
    let storage: Storage
    let close: () => Promise<void>

    beforeEach(async () => {
      ;({ storage, close } = await open())
    })
    afterEach(async () => close())

    const read = async (name: string, range?: { offset: number; length: number }) =>
      collect(storage.get(name, range ? { range } : {}))
    const names = async (prefix = '') => (await Array.fromAsync(storage.list(prefix))).map(({ name }) => name)

    test('what was put is read back, whole and in parts', async () => {
      const content = patterned(700_000)
      await storage.put('a/b.bin', content)
      expect((await read('a/b.bin')).equals(content)).toBe(true)
      expect((await read('a/b.bin', { offset: 0, length: 1 })).equals(content.subarray(0, 1))).toBe(true)
      expect((await read('a/b.bin', { offset: 262_100, length: 300_000 })).equals(content.subarray(262_100, 562_100))).toBe(true)
      expect((await read('a/b.bin', { offset: 699_999, length: 10 })).equals(content.subarray(699_999))).toBe(true)
      for (const offset of [700_000, 900_000]) expect(await read('a/b.bin', { offset, length: 10 })).toHaveLength(0)
    })

    test('a stream of chunks of any size is stored as it comes, also where they use the same memory', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uuid(), fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 }), async (name, chunks) => {
          const memory = Buffer.alloc(5000)
          const reusing = async function* () {
            for (const chunk of chunks) yield memory.subarray(0, Buffer.from(chunk).copy(memory))
          }
          await storage.put(name, reusing())
          expect((await read(name)).equals(Buffer.concat(chunks))).toBe(true)
          expect((await storage.stat(name))?.size).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
        }),
        { numRuns: 30 },
      )
    })

    test('the stored content does not change with the buffer it came from', async () => {
      const content = Buffer.from('first')
      await storage.put('x', content)
      content.fill(0)
      const got = await read('x')
      expect(got.toString()).toBe('first')
      got.fill(0)
      expect((await read('x')).toString()).toBe('first')
    })

    test('stat tells size and time, and undefined for what is not there', async () => {
      const before = Date.now() - 2000
      await storage.put('a/b', Buffer.from('12345'))
      const found = await storage.stat('a/b')
      expect(found).toMatchObject({ name: 'a/b', size: 5 })
      expect(found!.modified.getTime()).toBeGreaterThan(before)
      expect(found!.modified.getTime()).toBeLessThan(Date.now() + 2000)
      expect(await storage.stat('a')).toBeUndefined()
      expect(await storage.stat('a/b/c')).toBeUndefined()
      expect(await storage.stat('nothing')).toBeUndefined()
    })

    test('reading what is not there says so', async () => {
      await storage.put('a/b', Buffer.from('1'))
      for (const name of ['nothing', 'a', 'a/b/c']) {
        const error = await failure(read(name))
        expect(error).toBeInstanceOf(ObjectMissingError)
        expect(error).toMatchObject({ code: 'integrity', message: expect.stringContaining(name) as string })
      }
    })

    test('[repository.write-once] an object is never overwritten', async () => {
      await storage.put('a', Buffer.from('first'))
      const error = await failure(storage.put('a', Buffer.from('second')))
      expect(error).toBeInstanceOf(ObjectExistsError)
      expect(await failure(storage.put('a', streamOf([Buffer.from('third')])))).toBeInstanceOf(ObjectExistsError)
      expect((await read('a')).toString()).toBe('first')
      expect(await names()).toEqual(['a'])
    })

    test('[repository.write-once] of many puts of one name at once exactly one wins, and its content is there', async () => {
      const contents = Array.from({ length: 20 }, (_, index) => Buffer.from(`writer ${index} `.repeat(1000)))
      const slow = async function* (content: Buffer) {
        for (let at = 0; at < content.length; at += 1000) {
          await delay(0)
          yield content.subarray(at, at + 1000)
        }
      }
      const outcomes = await Promise.allSettled(contents.map(async (content) => storage.put('deep/one', slow(content))))
      const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
      expect(winners).toHaveLength(1)
      expect((await read('deep/one')).equals(contents[winners[0]!]!)).toBe(true)
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
      expect(reasons.every((reason) => reason instanceof ObjectExistsError)).toBe(true)
      expect(await names()).toEqual(['deep/one'])
    })

    test('an object is not there before its put has ended', async () => {
      const gate = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      const put = storage.put(
        'a/slow',
        (async function* () {
          yield patterned(2 * MiB)
          begun.resolve()
          await gate.promise
          yield patterned(10)
        })(),
      )
      await begun.promise
      expect(await names()).toEqual([])
      expect(await storage.stat('a/slow')).toBeUndefined()
      expect(await failure(read('a/slow'))).toBeInstanceOf(ObjectMissingError)
      gate.resolve()
      await put
      expect((await storage.stat('a/slow'))?.size).toBe(2 * MiB + 10)
    })

    test('a body that fails leaves nothing, and its own error comes through', async () => {
      const broken = new Error('the source broke')
      const put = storage.put(
        'a/broken',
        (async function* () {
          yield patterned(2 * MiB)
          throw broken
        })(),
      )
      expect(await failure(put)).toBe(broken)
      expect(await names()).toEqual([])
      await storage.put('a/broken', Buffer.from('works now'))
      expect((await read('a/broken')).toString()).toBe('works now')
    })

    test('an aborted put leaves nothing, and the reason comes through', async () => {
      const reason = new Error('enough')
      const controller = new AbortController()
      const put = storage.put(
        'a/aborted',
        (async function* () {
          yield patterned(2 * MiB)
          controller.abort(reason)
          yield patterned(10)
        })(),
        { signal: controller.signal },
      )
      expect(await failure(put)).toBe(reason)
      expect(await failure(storage.put('a/aborted', patterned(10), { signal: controller.signal }))).toBe(reason)
      expect(await names()).toEqual([])
    })

    test('an aborted read and an aborted listing stop with the reason', async () => {
      await storage.put('a', patterned(2 * MiB))
      await storage.put('b', patterned(1))
      const reason = new Error('enough')
      const controller = new AbortController()
      const { signal } = controller
      const reading = async () => {
        for await (const _ of storage.get('a', { signal })) controller.abort(reason)
      }
      expect(await failure(reading())).toBe(reason)
      expect(await failure(Array.fromAsync(storage.list('', { signal })))).toBe(reason)
    })

    test('a read that stops early holds nothing back', async () => {
      await storage.put('a', patterned(2 * MiB))
      for await (const chunk of storage.get('a')) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      await storage.delete('a')
      expect(await storage.stat('a')).toBeUndefined()
    })

    test('a listing has every object with the prefix, in byte order', async () => {
      const segment = fc.stringMatching(/^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,3}$/)
      const anyName = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'))
      // A name cannot be both an object and a folder in a directory, so such pairs are left out.
      const noFolder = (all: string[]) => all.filter((name) => !all.some((other) => other.startsWith(`${name}/`)))
      const distinct = (all: string[]) =>
        all.filter((name, index) => all.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === index)
      // Each time in a folder of its own: MinIO's list of a versioned bucket leaves out `a/b` where there once was an `a`.
      let folders = 0
      await fc.assert(
        fc.asyncProperty(fc.array(anyName, { maxLength: 25 }), fc.nat(4), async (candidates, cut) => {
          const folder = `${folders++}/`
          const made = noFolder(distinct(candidates)).map((name) => folder + name)
          for (const name of made) await storage.put(name, Buffer.from(name))
          const sorted = made.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
          const prefix = made[0]?.slice(0, folder.length + cut) ?? folder
          expect(await names()).toEqual(sorted)
          expect(await names(prefix)).toEqual(sorted.filter((name) => name.startsWith(prefix)))
          for (const name of made) await storage.delete(name)
        }),
        { numRuns: 40 },
      )
    })

    test('order is by bytes also where a folder and a file share a beginning', async () => {
      for (const name of ['a/x', 'a-b', 'a.b', 'a0', 'aB', 'ab']) await storage.put(name, Buffer.from('1'))
      expect(await names()).toEqual(['a-b', 'a.b', 'a/x', 'a0', 'aB', 'ab'])
      expect(await names('a')).toEqual(['a-b', 'a.b', 'a/x', 'a0', 'aB', 'ab'])
      expect(await names('a/')).toEqual(['a/x'])
      expect(await names('b')).toEqual([])
      expect(await names('nothing/at/all')).toEqual([])
    })

    test('a delete removes one object, and is no error where there is none', async () => {
      await storage.put('a/b/c', Buffer.from('1'))
      await storage.put('a/d', Buffer.from('2'))
      for (const name of ['a/b/c', 'a/b/c', 'a/b', 'never/was']) await storage.delete(name)
      expect(await names()).toEqual(['a/d'])
      await storage.put('a/b/c', Buffer.from('again'))
      expect((await read('a/b/c')).toString()).toBe('again')
    })

    test('puts and deletes in one folder at once do not disturb each other', async () => {
      await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          await storage.put(`folder/${index}`, Buffer.from(String(index)))
          await storage.delete(`folder/${index}`)
        }),
      )
      expect(await names()).toEqual([])
    })

    test.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      '.hidden',
      'a/.hidden',
      'a\\b',
      'a\0b',
      'ä',
      'a b',
      'a\n',
      'x'.repeat(513),
    ])('refuses the name %j', async (name) => {
      const refused = { name: 'HoldfastError', message: expect.stringContaining('object name') as string }
      expect(await failure(storage.put(name, Buffer.from('1')))).toMatchObject(refused)
      expect(await failure(read(name))).toMatchObject(refused)
      expect(await failure(storage.stat(name))).toMatchObject(refused)
      expect(await failure(storage.delete(name))).toMatchObject(refused)
      expect(await names()).toEqual([])
    })

    test.each(['/', '../', 'a/../', '.h', 'a//'])('refuses the prefix %j', async (prefix) => {
      expect(await failure(names(prefix))).toMatchObject({ name: 'HoldfastError' })
    })

    if (holdsBodies) return
    test('a large body passes through in little memory', async () => {
      const chunk = patterned(MiB)
      const before = process.memoryUsage.rss()
      let peak = 0
      await storage.put(
        'large',
        (async function* () {
          for (let count = 0; count < 256; count++) {
            peak = Math.max(peak, process.memoryUsage.rss())
            yield chunk
          }
        })(),
      )
      let size = 0
      for await (const part of storage.get('large')) {
        size += part.length
        peak = Math.max(peak, process.memoryUsage.rss())
      }
      expect(size).toBe(256 * MiB)
      // Half of the body: what a socket has read is garbage for some time.
      expect(peak - before).toBeLessThan(128 * MiB)
    })
  })
}
