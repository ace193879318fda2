import { readBits, readFewBits } from './bitStream.ts'
import {
  dateText,
  durationText,
  localDateTimeText,
  localTimeText,
  nanosecondsInSecond,
  offsetDateTimeText,
  timeText,
  zonedDateTimeText,
} from './isoText.ts'
import type { Scalar, TemporalType } from './graphValue.ts'

/** Which number means which type, in words and in arrays. */
export const temporalTypes: Readonly<Record<number, TemporalType>> = {
  1: 'date',
  2: 'local time',
  3: 'local datetime',
  4: 'time',
  5: 'datetime',
  6: 'duration',
}

/** How many words of a property each type needs; dates and local times may need one more. */
const wordsNeeded: Readonly<Record<TemporalType, number>> = {
  date: 1,
  'local time': 1,
  'local datetime': 2,
  time: 2,
  datetime: 3,
  duration: 4,
}

/** Reads a date, a time or a duration from the words of a property; undefined when they hold none. */
export function readTemporal(bytes: Buffer, at: number, size: number): Scalar | undefined {
  const type = temporalTypes[readFewBits(bytes, at, 28, 4)]
  if (type === undefined || size < wordsNeeded[type] * 8) return undefined
  const word = (index: number): bigint => bytes.readBigInt64LE(at + index * 8)
  /** What fits into the first word is there. */
  const small = (): bigint | undefined => {
    if (readFewBits(bytes, at, 32, 1) === 1) return readBits(bytes, at, 33, 31)
    return size < 16 ? undefined : word(1)
  }
  const value = textOf(type, { high: readFewBits(bytes, at, 32, 32), small, word })
  return value === undefined ? undefined : { type, value }
}

interface Words {
  /** The upper half of the first word. */
  high: number
  small: () => bigint | undefined
  word: (index: number) => bigint
}

function textOf(type: TemporalType, { high, small, word }: Words): string | undefined {
  switch (type) {
    case 'date':
    case 'local time': {
      const value = small()
      if (value === undefined) return undefined
      return type === 'date' ? dateText(value) : localTimeText(value)
    }
    case 'local datetime':
      return localDateTimeText(word(1), high)
    case 'time': {
      const offset = high | 0
      // Here the time of day is that in UTC, in an array it is not.
      return timeText(word(1) + BigInt(offset) * nanosecondsInSecond, offset)
    }
    case 'datetime': {
      const nanoseconds = Math.floor(high / 2)
      const [seconds, zone] = [word(1), Number(word(2))]
      return high % 2 === 1 ? offsetDateTimeText(seconds, nanoseconds, zone) : zonedDateTimeText(seconds, nanoseconds, zone)
    }
    case 'duration':
      return durationText({ months: word(1), days: word(2), seconds: word(3), nanoseconds: high })
  }
}
