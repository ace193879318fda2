import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LogSlice, verifiedSlice } from '../../../src/txlog/logSlice.ts'
import type { Transaction } from '../../../src/txlog/transaction.ts'
import { baseChecksum, chainBytes, headerBytes } from '../../support/logBytes.ts'
import { collect } from '../../support/streams.ts'

async function* cut(bytes: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const to of [...new Set(at)].toSorted((a, b) => a - b).concat(bytes.length)) {
    yield await Promise.resolve(bytes.subarray(from, to))
    from = to
  }
}

describe.each([20, 33])('kernel version %i', (kernelVersion) => {
  const parts = chainBytes(
    [1, 2, 3, 4].map((body) => ({ kernelVersion, body: Buffer.from(`body ${body}`) })),
    7,
  )
  const header = headerBytes({ logVersion: 3, lastIdBefore: 6 })
  const file = Buffer.concat([header, ...parts])
  const checksum = parts.at(-1)!.readUInt32LE(parts.at(-1)!.length - 4)
  const whole: LogSlice = { logVersion: 3, start: 0, end: file.length, first: 7, last: 10, checksum }
  const start = header.length + parts[0]!.length
  const later: LogSlice = { ...whole, start, first: 8 }
  const of = ({ start: from, end }: LogSlice): Buffer => file.subarray(from, end)

  const verified = async (slice: LogSlice, bytes = of(slice), previousChecksum?: number, at: readonly number[] = []) => {
    const found: Transaction[] = []
    const options = {
      name: 'the slice',
      previousChecksum,
      onTransaction: (transaction: Transaction) => void found.push(transaction),
    }
    const passed = await collect(verifiedSlice(slice, cut(bytes, at), options))
    return { ids: found.map(({ id }) => id), unchanged: passed.equals(bytes) }
  }
  const refused = async (slice: LogSlice, bytes?: Buffer, previousChecksum?: number): Promise<unknown> =>
    verified(slice, bytes, previousChecksum).catch((error: unknown) => error)

  test('however it is cut into pieces, it passes unchanged', async () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.nat(file.length), { maxLength: 12 }), async (at) => {
        expect(await verified(whole, file, baseChecksum, at)).toEqual({ ids: [7, 8, 9, 10], unchanged: true })
      }),
    ))

  test('it may begin behind any transaction', async () => {
    const before = parts[0]!.readUInt32LE(parts[0]!.length - 4)
    expect(await verified(later, of(later), before)).toEqual({ ids: [8, 9, 10], unchanged: true })
  })

  test.each([
    ['another first transaction', { first: 8 }],
    ['another last transaction', { last: 9 }],
    ['another checksum', { checksum: 1 }],
    ['another end', { end: 10_000 }],
    ['another log version', { logVersion: 4 }],
  ])('%s is damage', async (_, change) => {
    expect(await refused({ ...whole, ...change }, file)).toMatchObject({ code: 'integrity' })
  })

  test('cut anywhere, grown, or with a bit flipped in a transaction it is damage', async () => {
    for (let length = 0; length < file.length; length++)
      expect(await refused(whole, file.subarray(0, length)), `${length}`).toMatchObject({ code: 'integrity' })
    expect(await refused(whole, Buffer.concat([file, Buffer.alloc(1)]))).toMatchObject({ code: 'integrity' })
    for (let at = header.length; at < file.length; at++) {
      const flipped = Buffer.from(file)
      flipped[at]! ^= 1 << (at % 8)
      expect(await refused(whole, flipped), `byte ${at}`).toMatchObject({ code: 'integrity' })
    }
  })

  test('behind another transaction than the one before it is damage, where the log names that one', async () => {
    const outcome = await refused(later, of(later), 12345)
    if (kernelVersion === 20) expect(outcome).toMatchObject({ code: 'integrity' })
    else expect(outcome).toMatchObject({ unchanged: true })
  })
})
