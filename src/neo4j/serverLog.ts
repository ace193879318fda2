import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode } from '../core/errors.ts'

/** How much of the end of a log is read for a message. */
const tailSize = 64 * 1024

/** What Java itself prints, and with some versions the server too, goes here. */
export function consoleLogPath(home: string): string {
  return join(home, 'logs', 'console.log')
}

/** Renames what an earlier server logged in this home, so that the logs tell of the next one only. */
export async function setLogsAside(home: string): Promise<void> {
  for (const name of ['neo4j', 'debug']) {
    try {
      await rename(join(home, 'logs', `${name}.log`), join(home, 'logs', `${name}.previous.log`))
    } catch (error) {
      if (!hasSystemCode(error, 'ENOENT')) throw error
    }
  }
}

/** The last part of what Java printed and of the server's own log. */
export async function readServerLog(home: string): Promise<string> {
  const texts = await Promise.all([consoleLogPath(home), join(home, 'logs', 'neo4j.log')].map((path) => tail(path)))
  return texts.join('\n')
}

/** Whether a server says in its log that it listens. */
export function hasOpenedBolt(log: string): boolean {
  return /\bBolt enabled on |\bStarted\.$/m.test(log)
}

/** The lines of the logs that most likely say why a server failed, at most `count`. */
export async function failureLines(home: string, count = 15): Promise<string> {
  const text = await readServerLog(home)
  const debug = await readTail(home, 'debug.log')
  const reasons = debug.split('\n').filter((line) => /\bERROR\b|Caused by|"level":"ERROR"/.test(line))
  const lines = [...text.split('\n').filter((line) => !/^\s*(at |\.\.\. \d+ more)|^\s*$/.test(line)), ...reasons.slice(-5)]
  return lines
    .slice(-count)
    .map((line) => line.slice(0, 500))
    .join('\n')
}

/** The last part of one file of a server's logs. */
export async function readTail(home: string, name: string): Promise<string> {
  return tail(join(home, 'logs', name))
}

async function tail(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const length = Math.min(size, tailSize)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return ''
    throw error
  }
}
