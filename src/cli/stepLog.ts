import { type FileHandle, open, stat } from 'node:fs/promises'
import { writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { StepListener } from '../artifact/step.ts'
import { withoutUserinfo } from '../config/secret.ts'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { systemReason } from '../core/systemReasons.ts'
import { toggle, valued } from './command.ts'
import type { Logger } from './logger.ts'
import { shownError, toHoldfastError } from './output.ts'

/** The options of a command that tells its steps. */
export const stepOptions = {
  verbose: toggle('log each step, as --log-level info does'),
  logFile: valued(z.string().min(1), {
    placeholder: 'file',
    description: 'append each step, the result and an error to this file, one line of JSON each',
  }),
}

interface StepLogOptions {
  /** `file` is what the work is about, which the log must not be written into. */
  options: { verbose: boolean; logFile: string | undefined; file?: string | undefined }
  services: { log: Logger; clock: Clock }
  signal: AbortSignal
}

/**
 * Runs work whose steps are logged, and written to a file where one is given, which also gets how it ended.
 * @throws HoldfastError `usage` where the file cannot be written to; what the work throws.
 */
export async function loggingSteps<Result extends object>(
  { options: { verbose, logFile, file: subject }, services: { log, clock }, signal }: StepLogOptions,
  work: (onStep: StepListener) => Promise<Result>,
): Promise<Result> {
  if (verbose && !log.isLevelEnabled('info')) log.level = 'info'
  await using file = logFile === undefined ? undefined : await openLog(resolve(logFile), subject)
  const write = (level: string, step: string, facts: object): void => {
    const line = JSON.stringify({ time: clock.now().toISOString(), level, step, ...facts })
    if (file) writeSync(file.fd, `${withoutUserinfo(line)}\n`)
  }
  try {
    const result = await work((step, facts) => {
      log.info(facts, step)
      write('info', step, facts)
    })
    write('info', 'result', result)
    return result
  } catch (error) {
    write('error', 'failed', shownError(toHoldfastError(error, signal)))
    throw error
  }
}

/** Private: a result may tell what is in a database. */
async function openLog(path: string, subject: string | undefined): Promise<FileHandle> {
  if (subject !== undefined && (await isSameFile(path, resolve(subject))))
    throw new HoldfastError('usage', `--log-file and --file are the same file, ${path}`, {
      hint: 'name another file with --log-file',
    })
  try {
    return await open(path, 'a', 0o600)
  } catch (cause) {
    const known = systemReason(cause)
    if (known === undefined) throw cause
    throw new HoldfastError('usage', `the log cannot be written to ${known.reason}`, {
      hint: 'name another file with --log-file',
      cause,
    })
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  if (one === other) return true
  const [first, second] = await Promise.all([one, other].map(async (path) => stat(path).catch(() => undefined)))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}
