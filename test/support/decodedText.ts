import { isDate, isDateTime, isDuration, isLocalDateTime, isLocalTime, isPoint, isTime } from 'neo4j-driver'
import type { PropertyValue, Scalar } from '../../src/txlog/commands/graphValue.ts'

/** A value from the log as a text that is the same as {@link driverText} for the same value of the same type. */
export function decodedText(value: PropertyValue): string {
  switch (value.type) {
    case 'bytes':
      return `bytes ${value.value.toString('hex')}`
    case 'list':
      return `[${value.value.map((element) => scalarText(value.of, element)).join(', ')}]`
    case 'unreadable':
      throw new Error(value.value)
    default:
      return scalarText(value.type, value.value)
  }
}

/** A value as the driver gives it, where integers are bigint, in the numbers it is made of. */
export function driverText(value: unknown): string {
  if (value instanceof Int8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${value.map(driverText).join(', ')}]`
  if (isDate(value)) return `date ${value.year} ${value.month} ${value.day}`
  if (isLocalTime(value)) return `local time ${clock(value)}`
  if (isTime(value)) return `time ${clock(value)} at ${value.timeZoneOffsetSeconds}`
  if (isLocalDateTime(value)) return `local datetime ${value.year} ${value.month} ${value.day} ${clock(value)}`
  if (isDateTime(value)) {
    const { year, month, day, timeZoneId, timeZoneOffsetSeconds: offset } = value
    if (timeZoneId == null) return `datetime ${year} ${month} ${day} ${clock(value)} at ${offset}`
    const wall = utc([year, month, day, value.hour, value.minute, value.second].map(Number))
    return `datetime ${wall - Number(offset) * 1000} ${value.nanosecond} in ${timeZoneId}`
  }
  if (isDuration(value)) {
    const { months, days, seconds, nanoseconds } = value
    return `duration ${months} ${days} ${BigInt(String(seconds)) * 1_000_000_000n + BigInt(String(nanoseconds))}`
  }
  if (isPoint(value)) return pointText(value.srid, value.z === undefined ? [value.x, value.y] : [value.x, value.y, value.z])
  return plainText(value)
}

type Clock = Record<'hour' | 'minute' | 'second' | 'nanosecond', { toString: () => string }>

function clock({ hour, minute, second, nanosecond }: Clock): string {
  return `${hour} ${minute} ${second} ${nanosecond}`
}

function scalarText(type: Scalar['type'], value: Scalar['value']): string {
  if (typeof value === 'object') return pointText(value.srid, value.coordinates)
  return typeof value === 'string' && type !== 'string' ? temporalText(type, value) : plainText(value)
}

function plainText(value: unknown): string {
  if (typeof value === 'number') return `float ${Object.is(value, -0) ? '-0' : value}`
  return `${typeof value} ${JSON.stringify(String(value))}`
}

function pointText(srid: unknown, coordinates: readonly unknown[]): string {
  return `point ${String(srid)} ${coordinates.map((at) => plainText(Number(at))).join(' ')}`
}

const day = String.raw`([+-]?\d+)-(\d\d)-(\d\d)`
const time = String.raw`(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?`
const offset = String.raw`(Z|[+-]\d\d:\d\d(?::\d\d)?)`
const forms = {
  date: new RegExp(`^${day}$`),
  'local time': new RegExp(`^()()()${time}$`),
  time: new RegExp(`^()()()${time}${offset}$`),
  'local datetime': new RegExp(`^${day}T${time}$`),
  datetime: new RegExp(`^${day}T${time}${offset}(?:\\[(.+)\\])?$`),
}

/** Takes a text in ISO 8601 apart again. */
function temporalText(type: string, text: string): string {
  if (type === 'duration') {
    const [, months, days, sign, seconds, fraction = ''] = /^P(-?\d+)M(-?\d+)DT(-?)(\d+)(?:\.(\d+))?S$/.exec(text)!
    return `duration ${months} ${days} ${BigInt(`${seconds}${fraction.padEnd(9, '0')}`) * (sign === '-' ? -1n : 1n)}`
  }
  const parts = forms[type as keyof typeof forms].exec(text)
  if (!parts) throw new Error(`${type} ${text} is not in ISO 8601`)
  const date = parts.slice(1, 4).map(Number)
  if (type === 'date') return `date ${date.join(' ')}`
  const [hour, minute, second] = parts.slice(4, 7).map(Number) as [number, number, number]
  const nanosecond = Number((parts[7] ?? '').padEnd(9, '0'))
  const said = clock({ hour, minute, second, nanosecond })
  if (type === 'local time') return `local time ${said}`
  if (type === 'local datetime') return `local datetime ${date.join(' ')} ${said}`
  const east = offsetSeconds(parts[8]!)
  if (type === 'time') return `time ${said} at ${east}`
  if (parts[9] === undefined) return `datetime ${date.join(' ')} ${said} at ${east}`
  return `datetime ${utc([...date, hour, minute, second]) - east * 1000} ${nanosecond} in ${parts[9]}`
}

function offsetSeconds(text: string): number {
  if (text === 'Z') return 0
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}

/** Milliseconds since 1970; Date.UTC alone would move the first century to the twentieth. */
function utc([year = 0, month = 1, dayOfMonth = 1, hour = 0, minute = 0, second = 0]: number[]): number {
  const date = new Date(Date.UTC(2000, month - 1, dayOfMonth, hour, minute, second))
  return date.setUTCFullYear(year, month - 1, dayOfMonth)
}
