import { timeZoneName } from './timeZones.ts'

const secondsInDay = 86_400n
/** How many nanoseconds a second has. */
export const nanosecondsInSecond = 1_000_000_000n
const nanosecondsInDay = secondsInDay * nanosecondsInSecond

/** A date, of days since 1970: `2024-05-01`; years beyond 9999 with a sign. */
export function dateText(days: bigint): string {
  const { year, month, day } = civilDate(Number(days))
  const digits = String(Math.abs(year)).padStart(4, '0')
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  return `${sign}${digits}-${two(month)}-${two(day)}`
}

/** A time of day, of nanoseconds since midnight: `23:59:59.5`. */
export function localTimeText(nanoseconds: bigint): string {
  const inDay = modulo(nanoseconds, nanosecondsInDay)
  const seconds = Number(inDay / nanosecondsInSecond)
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${two(hour)}:${two(minute)}:${two(second)}${fraction(Number(inDay % nanosecondsInSecond))}`
}

/** A time of day at an offset, which is in seconds east of UTC, of nanoseconds since midnight there: `23:59:59+02:00`. */
export function timeText(nanoseconds: bigint, offset: number): string {
  return localTimeText(nanoseconds) + offsetText(offset)
}

/** A date and time without a zone, as if in UTC, of seconds since 1970: `2024-05-01T23:59:59`. */
export function localDateTimeText(seconds: bigint, nanoseconds: number): string {
  const inDay = modulo(seconds, secondsInDay)
  return `${dateText((seconds - inDay) / secondsInDay)}T${localTimeText(inDay * nanosecondsInSecond + BigInt(nanoseconds))}`
}

/** A moment at an offset: `2024-05-01T23:59:59+02:00`. */
export function offsetDateTimeText(seconds: bigint, nanoseconds: number, offset: number): string {
  return localDateTimeText(seconds + BigInt(Math.trunc(offset)), nanoseconds) + offsetText(offset)
}

/** A moment in a zone, told in UTC since the log knows no clocks but that: `2024-05-01T21:59:59Z[Europe/Prague]`. */
export function zonedDateTimeText(seconds: bigint, nanoseconds: number, zone: number): string {
  return `${localDateTimeText(seconds, nanoseconds)}Z[${timeZoneName(zone) ?? `zone ${zone}`}]`
}

/** A span of time: `P14M3DT5.5S`; its parts have signs of their own. */
export function durationText(parts: { months: bigint; days: bigint; seconds: bigint; nanoseconds: number }): string {
  const total = parts.seconds * nanosecondsInSecond + BigInt(parts.nanoseconds)
  const size = total < 0n ? -total : total
  const seconds = `${total < 0n ? '-' : ''}${size / nanosecondsInSecond}${fraction(Number(size % nanosecondsInSecond))}`
  return `P${parts.months}M${parts.days}DT${seconds}S`
}

function offsetText(offset: number): string {
  if (offset === 0) return 'Z'
  const size = Math.abs(offset)
  const seconds = size % 60 === 0 ? '' : `:${two(size % 60)}`
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}${seconds}`
}

function fraction(nanoseconds: number): string {
  return nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}

const daysIn400Years = 146_097

/** The date in the calendar of today, also before it was in use, as ISO 8601 wants. */
function civilDate(days: number): { year: number; month: number; day: number } {
  const era = Math.floor(days / daysIn400Years)
  // Within 400 years a Date is exact, and far from the limits of what it can hold.
  const date = new Date((days - era * daysIn400Years) * 86_400_000)
  return { year: date.getUTCFullYear() + era * 400, month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}
