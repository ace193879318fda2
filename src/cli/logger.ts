import { pino } from 'pino'
import { withoutTokens, withoutUserinfo } from '../config/secret.ts'
import type { OutputStream } from './output.ts'

/** The log of the program: structured lines on stderr. */
export type Logger = pino.Logger

const redacted = ['password', 'passphrase', 'keyFile', 'masterKey', 'authorization', 'secretAccessKey', 'sessionToken']

/** A logger that writes JSON lines, or readable ones where a person is looking. */
export function createLogger(stream: OutputStream, level: string): Logger {
  const write = (line: string): unknown => {
    const shown = withoutTokens(withoutUserinfo(line))
    return stream.write(stream.isTTY ? readable(shown) : shown)
  }
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    { write },
  )
}

interface LogLine {
  time: string
  level: string
  msg?: string
  err?: { stack?: string }
}

/** One JSON line of pino as `10:15:00 warn message name=value`, with the stack of an error below. */
function readable(line: string): string {
  const { time, level, msg = '', err, ...rest } = JSON.parse(line) as LogLine
  const details = Object.entries(rest).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const stack = err?.stack === undefined ? '' : `${err.stack}\n`
  // The start of the line may hold a progress bar.
  return `\r\u001B[K${time.slice(11, 19)} ${level} ${msg}${details.join('')}\n${stack}`
}
