import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { writeFileAtomically } from '../core/atomicFile.ts'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { systemReason } from '../core/systemReasons.ts'
import { isRunning } from './dataDirectory.ts'
import { homeArgument, type StartOptions, startNeo4j } from './instance.ts'
import { commandLineOf } from './commandLine.ts'

/** A server that goes on when who started it has ended, as it is written down in its home. */
export interface DetachedServer {
  pid: number
  uri: string
  version: string
  dataDir: string
  /** ISO 8601. */
  startedAt: string
}

const schema = z.object({
  pid: z.int().positive(),
  uri: z.string(),
  version: z.string(),
  dataDir: z.string(),
  startedAt: z.string(),
})

/** A detached server, and whether it still runs. */
export interface DetachedStatus extends DetachedServer {
  running: boolean
}

/** Milliseconds that a server has for its last checkpoint before it is killed. */
const stopLimit = 120_000

/** Milliseconds between two looks whether a process, which is not ours to wait for, has gone. */
const pause = 50

/**
 * Starts a server that outlives this process; `stopDetached` with the same home stops it.
 * @throws HoldfastError as `startNeo4j`, and `refused` where one runs in this home already.
 */
export async function startDetached(options: StartOptions): Promise<DetachedServer> {
  const home = resolve(options.home)
  await requireNoData(home)
  const present = await detachedStatus(home)
  if (present?.running) {
    throw new HoldfastError(
      'refused',
      `a Neo4j ${present.version} already runs in ${home}, as process ${present.pid} at ${present.uri}`,
      {
        hint: 'stop it first with holdfast neo4j stop, or give another --dir',
      },
    )
  }
  let server: DetachedServer | undefined
  try {
    await startNeo4j({
      ...options,
      detached: true,
      onSpawn: async ({ pid, boltUri, version, dataDir }) => {
        server = { pid, uri: boltUri, version, dataDir, startedAt: new Date().toISOString() }
        await writeFileAtomically(runFile(home), `${JSON.stringify(server, undefined, 2)}\n`)
      },
    })
  } catch (error) {
    await rm(runFile(home), { force: true })
    throw error
  }
  return server!
}

/** The folder of a server holds its data directory, and is easily taken for it. */
async function requireNoData(home: string): Promise<void> {
  const names: string[] = await readdir(home).catch(() => [])
  if (!names.includes('databases') || !names.includes('transactions')) return
  throw new HoldfastError('refused', `${home} is a data directory, expected the folder of a server, which holds one named data`, {
    hint: `give ${dirname(home)} if that is its server's, or another folder`,
  })
}

/** What is known of the server of a home, or undefined where none was started there or it was stopped. */
export async function detachedStatus(home: string): Promise<DetachedStatus | undefined> {
  let text: string
  try {
    text = await readFile(runFile(home), 'utf8')
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    const reason = systemReason(error)
    if (reason === undefined) throw error
    throw new HoldfastError('failed', `cannot tell what runs in ${home}: ${reason.reason}`, { hint: reason.hint, cause: error })
  }
  const server = parseRunFile(text, runFile(home))
  return { ...server, running: await isAlive(server, home) }
}

/**
 * Stops the server of a home as an operator would, and kills it when it takes more than `limit` milliseconds.
 * @returns what it was, or undefined where none ran.
 */
export async function stopDetached(
  home: string,
  { limit = stopLimit }: { limit?: number } = {},
): Promise<DetachedServer | undefined> {
  const status = await detachedStatus(home)
  if (status === undefined) return undefined
  const { running, ...server } = status
  if (running) {
    signal(server, 'SIGTERM')
    const deadline = performance.now() + limit
    while (await isAlive(server, home)) {
      if (performance.now() > deadline) signal(server, 'SIGKILL')
      await delay(pause)
    }
    // A process that is ending lets go of its locks a moment after it has lost its name.
    while ((await isRunning(server.dataDir)) && performance.now() < deadline) await delay(pause)
  }
  try {
    await rm(runFile(home), { force: true })
  } catch (error) {
    const reason = systemReason(error)
    if (reason === undefined) throw error
    throw new HoldfastError('failed', `cannot note that nothing runs in ${home} any more: ${reason.reason}`, {
      hint: reason.hint,
      cause: error,
    })
  }
  return running ? server : undefined
}

function signal({ pid }: DetachedServer, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!hasSystemCode(error, 'ESRCH')) throw error
  }
}

/** Whether the process is still the server: a process number alone may be another's by now. */
async function isAlive({ pid }: DetachedServer, home: string): Promise<boolean> {
  return ` ${(await commandLineOf(pid)) ?? ''} `.includes(` ${homeArgument(resolve(home))} `)
}

function parseRunFile(text: string, path: string): DetachedServer {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HoldfastError('failed', `${path} is not what holdfast neo4j start writes`, {
      hint: 'if no Neo4j runs there, remove that file; otherwise stop the process with kill',
      cause,
    })
  }
}

function runFile(home: string): string {
  return join(home, 'holdfast-neo4j.json')
}
