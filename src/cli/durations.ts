const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Milliseconds as a person says them: `850 ms`, `12.3 s`, `2 min 5 s`, `3 h 4 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < second) return `${Math.round(milliseconds)} ms`
  // What rounds up to a minute is said as one.
  if (milliseconds < 59_950) return `${(milliseconds / second).toFixed(1)} s`
  const whole = Math.round(milliseconds / second) * second
  if (whole < hour) return parts(whole, [minute, 'min'], [second, 's'])
  if (whole < day) return parts(whole, [hour, 'h'], [minute, 'min'])
  return parts(whole, [day, 'd'], [hour, 'h'])
}

/** A moment in UTC to the second: `2026-11-22 10:15:00 UTC`. */
export function formatMoment(moment: Date): string {
  return moment
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

type Unit = readonly [milliseconds: number, name: string]

function parts(milliseconds: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((milliseconds % large) / small)
  return `${Math.floor(milliseconds / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`
}
