import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { buildServices } from '../../src/app.ts'
import { grammar } from '../../src/cli/commands.ts'
import { runProgram } from '../../src/cli/program.ts'
import { type ErrorCode, exitCodes } from '../../src/core/errors.ts'
import { cacheDir } from './neo4j.ts'
import { s3Environment } from './storageAt.ts'

/** What a run of `holdfast … --json` said. */
export interface Outcome<Result = unknown> {
  /** Undefined where it was killed. */
  exitCode: number | undefined
  /** Undefined where it printed none. */
  result: Result
  error: { code: string; message: string; hint?: string } | undefined
  /** The warnings it logged. */
  warnings: string[]
  /** Everything, for the report of a failed test. */
  story: string
}

/** A run in a process of its own. */
export interface Run {
  pid: number
  outcome: Promise<Outcome>
  /** Ends it with SIGKILL, as a crash would. */
  kill: () => void
  /** Resolves once it has said something like that on stderr, or has ended. */
  said: (pattern: RegExp) => Promise<void>
}

interface RunOptions {
  /** A command line that begins with its arguments: `unshare`, `--mount`, `sh`, …; the program's own words follow. */
  inside?: readonly string[]
  /** Milliseconds after which it is taken to hang, where it is meant to run on. */
  limit?: number
}

const mainPath = join(import.meta.dirname, '../../src/main.ts')

/** Milliseconds after which a run is taken to hang. */
const longest = 240_000

const environment = {
  HOLDFAST_CACHE_DIR: cacheDir,
  // Without it each run would compile the program anew.
  NODE_COMPILE_CACHE: join(tmpdir(), 'holdfast-compile-cache'),
}

/** Runs a command in this process, which is quick, and waits for it. */
export async function holdfast<Result = unknown>(...words: readonly string[]): Promise<Outcome<Result>> {
  let [stdout, stderr] = ['', '']
  const { PATH, JAVA_HOME } = process.env
  const exitCode = await runProgram(
    grammar(),
    {
      words: [...words, '--json'],
      environment: { ...environment, ...s3Environment(), PATH, JAVA_HOME },
      workingDirectory: tmpdir(),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      signal: new AbortController().signal,
    },
    buildServices,
  )
  return outcomeOf(words, exitCode, stdout, stderr)
}

/** Starts a command in a process of its own, which may be killed. */
export function startHoldfast(words: readonly string[], { inside = [], limit = longest }: RunOptions = {}): Run {
  const [command, ...args] = [...inside, process.execPath, mainPath, ...words, '--json']
  const child = execa(command, args, {
    reject: false,
    stdin: 'ignore',
    cwd: tmpdir(),
    env: environment,
    timeout: limit,
    killSignal: 'SIGKILL',
  })
  const outcome = child.then(({ exitCode, stdout, stderr, timedOut }) => {
    if (timedOut) throw new Error(`holdfast ${words.join(' ')} did not end within ${limit / 1000} s:\n${stderr}`)
    return outcomeOf(words, exitCode, stdout, stderr)
  })
  // Whoever cares waits for it.
  outcome.catch(() => {})
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const said = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(text) && !child.stderr.readableEnded) await Promise.race([once(child.stderr, 'data'), outcome])
  }
  return { pid: child.pid ?? 0, outcome, kill: () => child.kill('SIGKILL'), said }
}

/** The result of a run that must succeed. */
export async function succeed<Result>(...words: readonly string[]): Promise<Result> {
  return resultOf(await holdfast<Result>(...words))
}

/** What the outcome of a run is to match that is refused with a documented error. */
export function refusal(code: ErrorCode, message: RegExp | string): { exitCode: number; error: object } {
  const error = { code, message: expect.stringMatching(message) as string, hint: expect.any(String) as string }
  return { exitCode: exitCodes[code], error }
}

/** @throws Error, with everything it said, where a run did not succeed. */
export function resultOf<Result>({ exitCode, result, story }: Outcome<Result>): Result {
  if (exitCode !== 0) throw new Error(`expected exit code 0:\n${story}`)
  return result
}

function outcomeOf<Result>(
  words: readonly string[],
  exitCode: number | undefined,
  stdout: string,
  stderr: string,
): Outcome<Result> {
  const lines = stderr.split('\n').flatMap((line) => parsed(line) ?? [])
  return {
    exitCode,
    result: (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as Result,
    error: lines.find(({ error }) => error !== undefined)?.error,
    warnings: lines.flatMap(({ msg }) => msg ?? []),
    story: `holdfast ${words.join(' ')}\nexit code ${exitCode}\n${stderr}\n${stdout.slice(0, 20_000)}`,
  }
}

function parsed(line: string): { error?: Outcome['error']; msg?: string } | undefined {
  if (!line.startsWith('{')) return undefined
  return JSON.parse(line) as { error?: Outcome['error']; msg?: string }
}
