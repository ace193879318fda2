import type { Clock } from '../core/clock.ts'
import type { ProgressEvent, ProgressListener } from '../core/progress.ts'
import type { OutputStream } from './output.ts'
import { formatPercent, formatRate, formatSize } from './sizes.ts'

/** Shows progress on a stream until it is closed. */
export interface ProgressDisplay {
  listener: ProgressListener
  close(): void
}

const redrawMilliseconds = 100
const lineMilliseconds = 5000

/** A bar that redraws itself on a terminal; elsewhere a line for each phase and every five seconds. */
export function createProgressDisplay(stream: OutputStream, clock: Clock): ProgressDisplay {
  return stream.isTTY ? bar(stream, clock) : lines(stream, clock)
}

function bar(stream: OutputStream, clock: Clock): ProgressDisplay {
  const phase = phaseTimer(clock)
  let drawn = -Infinity
  return {
    listener: (event) => {
      const { isNew, elapsed } = phase(event)
      const now = clock.monotonic()
      if (!isNew && now - drawn < redrawMilliseconds && event.done !== event.total) return
      drawn = now
      const line = `${drawBar(event)}${describe(event, elapsed)}`
      stream.write(`\r\u001B[K${line.slice(0, (stream.columns ?? 80) - 1)}`)
    },
    close: () => {
      if (drawn > -Infinity) stream.write('\r\u001B[K')
    },
  }
}

function lines(stream: OutputStream, clock: Clock): ProgressDisplay {
  const phase = phaseTimer(clock)
  let written = -Infinity
  return {
    listener: (event) => {
      const { isNew, elapsed } = phase(event)
      const now = clock.monotonic()
      if (!isNew && now - written < lineMilliseconds) return
      written = now
      stream.write(`${describe(event, elapsed)}\n`)
    },
    close: () => {},
  }
}

/** Tells whether an event begins a phase, and how many milliseconds the phase has lasted. */
function phaseTimer(clock: Clock): (event: ProgressEvent) => { isNew: boolean; elapsed: number } {
  let current: string | undefined
  let since = 0
  return ({ phase }) => {
    const isNew = phase !== current
    if (isNew) [current, since] = [phase, clock.monotonic()]
    return { isNew, elapsed: clock.monotonic() - since }
  }
}

function drawBar({ done, total }: ProgressEvent): string {
  if (done === undefined || total === undefined || total <= 0) return ''
  const width = 20
  const filled = Math.round(width * Math.min(1, done / total))
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} `
}

function describe({ phase, done, total, unit, note }: ProgressEvent, elapsed: number): string {
  const size = (amount: number): string => (unit === undefined ? formatSize(amount) : String(amount))
  const counted = unit === undefined ? '' : ` ${unit}`
  const parts = [phase]
  if (done !== undefined && total !== undefined)
    parts.push(formatPercent(done, total), `${size(done)} of ${size(total)}${counted}`)
  else if (done !== undefined) parts.push(`${size(done)}${counted}`)
  if (done !== undefined && done > 0 && elapsed >= 1000)
    parts.push(unit === undefined ? formatRate(done, elapsed) : `${Math.round((done / elapsed) * 1000)} ${unit}/s`)
  if (note !== undefined) parts.push(note)
  return parts.join('  ')
}
