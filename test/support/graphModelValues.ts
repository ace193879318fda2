import { createHash } from 'node:crypto'
import type { Date as Day, DateTime, Duration, LocalDateTime, LocalTime, Point, Time } from 'neo4j-driver'
import { isDate, isDateTime, isDuration, isLocalDateTime, isLocalTime, isPoint, isTime } from 'neo4j-driver'

type Numeric = number | bigint

/** What a property can hold, as the driver gives and takes it: integers are bigint, floats are number, byte arrays Int8Array. */
export type PropertyValue =
  | boolean
  | bigint
  | number
  | string
  | Int8Array
  | Day<Numeric>
  | Time<Numeric>
  | LocalTime<Numeric>
  | LocalDateTime<Numeric>
  | DateTime<Numeric>
  | Duration<Numeric>
  | Point<Numeric>
  | PropertyValue[]

export type Properties = Readonly<Record<string, PropertyValue>>

/** Longer texts are shown by their start, their length and their hash. */
const shown = 160

/**
 * A value as a text that is the same for equal values of the same type and differs otherwise:
 * 1 from 1.0, 0.0 from -0.0, a moment in a zone from the same moment at an offset.
 */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return `string ${shorten(value)}`
  if (value instanceof Int8Array) return `bytes ${value.length} ${shorten(Buffer.from(value).toString('hex'))}`
  if (Array.isArray(value)) return `list of ${value.length} [${shorten(value.map(canonicalText).join(', '))}]`
  return scalarText(value)
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean') return `boolean ${value}`
  if (typeof value === 'bigint') return `integer ${value}`
  if (typeof value === 'number') return `float ${floatText(value)}`
  if (isDate(value)) return `date ${value.toString()}`
  if (isTime(value)) return `time ${value.toString()}`
  if (isLocalTime(value)) return `local time ${value.toString()}`
  if (isLocalDateTime(value)) return `local datetime ${value.toString()}`
  if (isDateTime(value)) return `datetime ${value.toString()}`
  if (isDuration(value)) return `duration ${value.toString()}`
  if (isPoint(value)) return `point ${value.srid} ${[value.x, value.y, value.z].map((at) => floatText(Number(at))).join(' ')}`
  return `unknown ${Object.prototype.toString.call(value)} ${String(value)}`
}

/** The shortest decimal text that reads back as the same number. */
function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function shorten(text: string): string {
  if (text.length <= shown) return JSON.stringify(text)
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return `${JSON.stringify(text.slice(0, 40))}… (${text.length} characters, ${digest})`
}
