const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes in decimal units with three digits at most: `812 MB`, `1.25 GB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : threeDigits(value)} ${units[unit]}`
}

/** A speed in decimal units: `210 MB/s`. */
export function formatRate(bytes: number, milliseconds: number): string {
  return milliseconds > 0 ? `${formatSize(Math.round((bytes / milliseconds) * 1000))}/s` : '–'
}

/** A share of a whole: `63 %`. */
export function formatPercent(part: number, whole: number): string {
  return whole > 0 ? `${Math.floor(Math.min(1, part / whole) * 100)} %` : '–'
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}
