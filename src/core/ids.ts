import { randomBytes } from 'node:crypto'

/** A random lower-case hexadecimal id of the given number of bytes. */
export function randomId(bytes = 16): string {
  return randomBytes(bytes).toString('hex')
}

/** An id that sorts by time and is readable: `20261122T101500Z-3f9a1c`. */
export function timedId(now: Date): string {
  return `${compactTime(now)}-${randomId(3)}`
}

/** A moment in UTC without punctuation: `20261122T101500Z`. */
export function compactTime(now: Date): string {
  return now.toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')
}
