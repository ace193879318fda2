import {
  dateText,
  durationText,
  localDateTimeText,
  localTimeText,
  offsetDateTimeText,
  timeText,
  zonedDateTimeText,
} from './isoText.ts'
import type { ListValue, TemporalType } from './graphValue.ts'
import { temporalTypes } from './temporal.ts'

/** How many numbers of an array an element of each type takes. */
const numbersEach: Readonly<Record<TemporalType, number>> = {
  date: 1,
  'local time': 1,
  'local datetime': 2,
  time: 2,
  datetime: 3,
  duration: 4,
}

/** The dates, times or durations that the unsigned numbers of an array are; undefined for a kind that is not known. */
export function readTemporalArray(kind: number, numbers: readonly bigint[]): ListValue | undefined {
  const type = temporalTypes[kind]
  if (type === undefined) return undefined
  const signed = numbers.map((number) => BigInt.asIntN(64, number))
  const each = numbersEach[type]
  const value: string[] = []
  for (let index = 0; index + each <= signed.length; index += each) value.push(textOf(type, signed.slice(index, index + each)))
  return { type: 'list', of: type, value }
}

function textOf(type: TemporalType, [first = 0n, second = 0n, third = 0n, fourth = 0n]: readonly bigint[]): string {
  switch (type) {
    case 'date':
      return dateText(first)
    case 'local time':
      return localTimeText(first)
    case 'local datetime':
      return localDateTimeText(first, Number(second))
    case 'time':
      return timeText(first, Number(second))
    case 'datetime': {
      // The lowest bit says what the others are.
      const zone = Number(third >> 1n)
      return (third & 1n) === 1n
        ? offsetDateTimeText(first, Number(second), zone)
        : zonedDateTimeText(first, Number(second), zone)
    }
    case 'duration':
      return durationText({ months: first, days: second, seconds: third, nanoseconds: Number(fourth) })
  }
}
