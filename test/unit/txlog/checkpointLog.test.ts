import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { readCheckpointLog } from '../../../src/txlog/checkpointLog.ts'
import { recoveryPosition } from '../../../src/txlog/checkpointRecord.ts'
import { expectedFiles, fixture, fixtureSets } from '../../support/txlogFixtures.ts'

const logs = fixtureSets.flatMap((set) =>
  Object.entries(expectedFiles(set)).flatMap(([file, { checkpoints }]) =>
    checkpoints ? [{ path: `${set}/${file}`, checkpoints }] : [],
  ),
)

describe.each(logs)('$path', ({ path, checkpoints }) => {
  const whole = fixture(path)
  const end = checkpoints.at(-1)!.end

  test('has the checkpoints that Neo4j reads in it', () => {
    const log = readCheckpointLog(whole, path)
    expect(log.torn).toBeUndefined()
    expect(log.last).toBe(log.checkpoints.at(-1))
    expect(log.checkpoints).toHaveLength(checkpoints.length)
    for (const [index, expected] of checkpoints.entries()) {
      const { oldestNotCompleted: oldest, position, storeId, time, transaction, ...rest } = log.checkpoints[index]!
      expect(rest).toEqual({
        offset: expected.offset,
        end: expected.end,
        kernelVersion: expected.kernelVersion,
        reason: expected.reason,
      })
      expect([position.logVersion, position.byteOffset]).toEqual(expected.position)
      expect(oldest && [oldest.logVersion, oldest.byteOffset]).toEqual(expected.oldestNotCompleted)
      expect([storeId.creationTime, storeId.random]).toEqual(expected.storeId)
      expect(storeId).toEqual(log.header!.storeId)
      expect(transaction).toEqual({ appendIndex: undefined, kernelVersion: undefined, ...expected.transaction })
      if (expected.time !== undefined) expect(time).toBe(expected.time)
      else expect(time - transaction.commitTime).toBeGreaterThanOrEqual(0)
    }
  })

  test('cut off anywhere, it has the checkpoints that are whole', () => {
    for (let length = 0; length < end; length += 7) {
      const count = checkpoints.filter((checkpoint) => checkpoint.end <= length).length
      const { checkpoints: found, torn, header } = readCheckpointLog(whole.subarray(0, length), path)
      expect(found).toHaveLength(count)
      expect(header === undefined).toBe(length < 128)
      const begun = checkpoints[count]!.offset
      expect(torn?.offset).toBe(length > begun ? begun : undefined)
    }
  })

  test('with a bit flipped, a checkpoint is lost; if others follow, that is damage', () => {
    const bytes = Buffer.from(whole.subarray(0, Math.min(whole.length, end + 500)))
    for (const [index, { offset, end: next }] of checkpoints.entries()) {
      for (let bit = offset * 8 + (index % 17); bit < next * 8; bit += 17) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const outcome = attempt(() => readCheckpointLog(bytes, 'data/checkpoint.0'))
        if (index < checkpoints.length - 1) {
          expect(outcome).toMatchObject({
            code: 'integrity',
            message: expect.stringContaining(`data/checkpoint.0: damaged at offset ${offset}: `),
          })
        } else if (outcome instanceof HoldfastError) {
          // The kernel version's byte alone may turn into one that is not known.
          expect(outcome).toMatchObject({ code: 'failed', message: expect.stringContaining('unknown kernel version') })
          expect(bit >> 3).toBe(offset)
        } else {
          expect(outcome.checkpoints).toHaveLength(index)
          expect(outcome.torn).toMatchObject({ offset })
        }
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
    }
  })
})

test('a checkpoint log that is not written yet has no checkpoints', () => {
  const none = { header: undefined, checkpoints: [], last: undefined, torn: undefined }
  expect(readCheckpointLog(new Uint8Array(), 'checkpoint.1')).toEqual(none)
  expect(readCheckpointLog(new Uint8Array(1 << 20), 'checkpoint.1')).toEqual(none)
  const header = fixture('5.26.30/neo4j/checkpoint.0').subarray(0, 128)
  expect(readCheckpointLog(Buffer.concat([header, Buffer.alloc(1000)]), 'checkpoint.1')).toMatchObject({
    checkpoints: [],
    torn: undefined,
  })
})

test('recovery starts at the oldest transaction that was not complete', () => {
  const checkpoint = readCheckpointLog(fixture('5.26.30/neo4j/checkpoint.0'), 'checkpoint.0').last!
  expect(recoveryPosition(checkpoint)).toEqual(checkpoint.position)
  const { logVersion, byteOffset } = checkpoint.position
  for (const older of [
    { logVersion, byteOffset: byteOffset - 1 },
    { logVersion: logVersion - 1, byteOffset: byteOffset + 1 },
  ]) {
    expect(recoveryPosition({ ...checkpoint, oldestNotCompleted: older })).toEqual(older)
  }
  expect(recoveryPosition({ ...checkpoint, oldestNotCompleted: { logVersion: logVersion + 1, byteOffset: 0 } })).toEqual(
    checkpoint.position,
  )
  expect(recoveryPosition({ ...checkpoint, oldestNotCompleted: undefined })).toEqual(checkpoint.position)
})

test('takes any bytes without failing in an unforeseen way', () => {
  const real = fixture('2026.09.0/restarted/checkpoint.0').subarray(0, 2200)
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(2100), fc.nat(600)).map(([from, length]) => Uint8Array.from(real.subarray(from, from + length))),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const outcome = attempt(() => readCheckpointLog(Buffer.concat([real.subarray(0, 128), ...pieces]), 'checkpoint.0'))
      return outcome instanceof HoldfastError || outcome.checkpoints.length <= pieces.length
    }),
  )
  expect(readCheckpointLog(real, 'checkpoint.0').checkpoints).toHaveLength(4)
})

function attempt<Result>(work: () => Result): Result | HoldfastError {
  try {
    return work()
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
}
