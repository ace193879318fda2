import { Date as Day, DateTime, Duration, LocalDateTime, LocalTime, Point, Time } from 'neo4j-driver'
import type { PropertyValue } from '../graphModelValues.ts'
import type { Random } from './random.ts'
import { randomString } from './randomText.ts'

/** One generator for each type a property can have. */
const makers = {
  boolean: (random: Random) => random.chance(0.5),
  integer: randomInteger,
  float: randomFloat,
  string: (random: Random) => randomString(random, 80),
  bytes: (random: Random) => Int8Array.from(random.bytes(random.between(0, 60))),
  date: randomDate,
  localTime: randomLocalTime,
  time: (random: Random) => {
    const { hour, minute, second, nanosecond } = randomLocalTime(random)
    return new Time(hour, minute, second, nanosecond, randomOffset(random))
  },
  localDateTime: (random: Random) => {
    const [{ year, month, day }, { hour, minute, second, nanosecond }] = [randomDate(random), randomLocalTime(random)]
    return new LocalDateTime(year, month, day, hour, minute, second, nanosecond)
  },
  dateTime: (random: Random) => {
    const [{ year, month, day }, { hour, minute, second, nanosecond }] = [randomDate(random), randomLocalTime(random)]
    return new DateTime(year, month, day, hour, minute, second, nanosecond, randomOffset(random), null)
  },
  zonedDateTime: randomZonedDateTime,
  duration: (random: Random) => {
    const part = (): number => (random.chance(0.3) ? 0 : random.between(-100_000, 100_000))
    return new Duration(part(), part(), part(), random.between(0, 999_999_999))
  },
  point: randomPoint,
  /** One kind only: a list of points must not mix them. */
  wgs84: (random: Random) => pointOfKind(random, 4326),
  cartesian3d: (random: Random) => pointOfKind(random, 9157),
} satisfies Record<string, (random: Random) => PropertyValue>

type Maker = (random: Random) => PropertyValue

const scalarMakers = Object.values<Maker>(makers)
const listMakers = Object.entries<Maker>(makers).flatMap(([type, make]) => (type === 'bytes' || type === 'point' ? [] : [make]))

/** A value of any type Cypher can store, small enough (below 4 KiB) for every kind of index. */
export function randomValue(random: Random): PropertyValue {
  if (random.chance(0.7)) return random.pick(scalarMakers)(random)
  const make = random.pick(listMakers)
  return Array.from({ length: random.between(0, 12) }, () => make(random))
}

/** A value that needs many records of its own, of up to about 100 KB; never put one where an index could meet it. */
export function randomLargeValue(random: Random): PropertyValue {
  const size = 2 ** random.between(7, 14)
  switch (random.weighted({ string: 4, bytes: 2, integers: 1, floats: 1, strings: 1 })) {
    case 'string':
      return randomString(random, 60)
        .padEnd(1, '.')
        .repeat(Math.ceil(size / 30))
        .slice(0, size)
        .toWellFormed()
    case 'bytes':
      return Int8Array.from(random.bytes(size))
    case 'integers':
      return Array.from({ length: size / 16 }, () => randomInteger(random))
    case 'floats':
      return Array.from({ length: size / 16 }, () => randomFloat(random))
    case 'strings':
      return Array.from({ length: size / 128 }, () => randomString(random, 80))
  }
}

/** Any of the four kinds of point. */
export function randomPoint(random: Random): Point<number> {
  return pointOfKind(random, random.pick([4326, 4979, 7203, 9157]))
}

/** @param srid 4326 and 4979 are on the globe, 7203 and 9157 in the plane; the second of each pair has a height. */
function pointOfKind(random: Random, srid: 4326 | 4979 | 7203 | 9157): Point<number> {
  const degrees = (limit: number): number => Math.round((random.fraction() * 2 - 1) * limit * 1e6) / 1e6
  const plane = (): number => (random.chance(0.5) ? random.between(-50, 50) : (random.fraction() - 0.5) * 1e6)
  const [x, y] = srid < 7000 ? [degrees(179), degrees(89)] : [plane(), plane()]
  return srid === 4326 || srid === 7203 ? new Point<number>(srid, x, y) : new Point<number>(srid, x, y, plane())
}

/** An integer of any width from 0 to 64 bits, of either sign. */
function randomInteger(random: Random): bigint {
  const magnitude = random.bits(random.between(0, 63))
  return random.chance(0.4) ? -magnitude - random.bits(1) : magnitude
}

function randomFloat(random: Random): number {
  if (random.chance(0.3)) return random.between(-1000, 1000)
  if (random.chance(0.1)) return random.pick([0, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, 0.1])
  const view = new DataView(random.bytes(8).buffer as ArrayBuffer)
  const value = view.getFloat64(0)
  return Number.isNaN(value) ? 1.5 : value
}

/** Any day, in any month but the last days of it; some before 1970 and before the common era. */
function randomDate(random: Random): Day<number> {
  const year = random.chance(0.8) ? random.between(1900, 2100) : random.pick([-4000, -1, 0, 1, 1583, 9999])
  return new Day(year, random.between(1, 12), random.between(1, 28))
}

function randomLocalTime(random: Random): LocalTime<number> {
  const nanosecond = random.chance(0.3) ? 0 : random.between(0, 999_999_999)
  return new LocalTime(random.between(0, 23), random.between(0, 59), random.between(0, 59), nanosecond)
}

/** Seconds east of UTC. */
function randomOffset(random: Random): number {
  return random.chance(0.2) ? 0 : random.between(-72, 72) * 900
}

const zones = ['Europe/Prague', 'America/New_York', 'Asia/Kolkata', 'Asia/Tokyo', 'Africa/Nairobi', 'Australia/Sydney']
const formats = new Map(
  zones.map((timeZone) => [timeZone, new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })]),
)

/** By day and in months in which no zone of the list changes its clocks, so that the wall clock means one moment only. */
function randomZonedDateTime(random: Random): DateTime<number> {
  const zone = random.pick(zones)
  const [year, month, day] = [random.between(2000, 2035), random.pick([1, 5, 6, 7, 8, 12]), random.between(1, 28)]
  const noon = new Date(Date.UTC(year, month - 1, day, 12))
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d+):(\d+))?$/.exec(formats.get(zone)!.format(noon)) ?? []
  const offset = (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60) * (sign === '-' ? -1 : 1)
  const { second, nanosecond } = randomLocalTime(random)
  return new DateTime(year, month, day, random.between(6, 22), random.between(0, 59), second, nanosecond, offset, zone)
}
