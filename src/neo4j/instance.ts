import { join, resolve } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { type ProgressListener, silent } from '../core/progress.ts'
import { unknownSettings, writeServerConfiguration } from './configuration.ts'
import { isRunning } from './dataDirectory.ts'
import { fullVolume, noRoom, spaceComplaint, untilDiskFull } from './fullDisk.ts'
import { freePort } from './freePort.ts'
import type { Installation } from './installation.ts'
import { javaArguments, javaEnvironment, quickStart } from './javaCommand.ts'
import { type Authentication, Neo4jInstance } from './neo4jInstance.ts'
import { untilReady } from './readiness.ts'
import { consoleLogPath, failureLines, readServerLog, setLogsAside } from './serverLog.ts'
import { type ServerCommand, ServerProcess } from './serverProcess.ts'
import { blamesFiles, StartFailure } from './startFailure.ts'
import { versionTraits } from './versions.ts'

/** What to start and how. */
export interface StartOptions {
  installation: Installation
  /** A folder for `conf`, `logs` and `run`; made where it is missing. */
  home: string
  /** Gets `databases` and `transactions`, or has them. */
  dataDir: string
  /** Settings of Neo4j, such as `db.checkpoint.interval.time`. */
  settings?: Readonly<Record<string, string>> | undefined
  authentication?: Authentication | undefined
  /** Memory for objects, such as `512m`. */
  heap?: string | undefined
  /** Memory for pages of the store, such as `64m`. */
  pageCache?: string | undefined
  /** Options for Java; by default those that make it start soon, at the price of half the speed later. */
  javaOptions?: readonly string[] | undefined
  /** A port of 127.0.0.1; a free one unless told. */
  boltPort?: number | undefined
  /** Milliseconds until it must answer; 10 minutes unless told, for a recovery may take long. */
  limit?: number | undefined
  /** Whether it goes on when this process ends; otherwise it ends with it at the latest. */
  detached?: boolean | undefined
  /** Called when the process is there, before it is ready. */
  onSpawn?: ((instance: Neo4jInstance) => Promise<void>) | undefined
  signal?: AbortSignal | undefined
  onProgress?: ProgressListener | undefined
}

/** The word on a server's command line that tells its home. */
export function homeArgument(home: string): string {
  return `--home-dir=${home}`
}

/** What a fresh server's user `neo4j` logs in with. */
const initialPassword = { reveal: () => 'neo4j' }

/** How often another free port is tried when the one found was taken meanwhile. */
const portTries = 5

/**
 * Starts a Neo4j Community that only this machine can reach, and waits until it answers a query.
 * @throws HoldfastError `refused` where a running server uses the data directory, `usage` at a setting that Neo4j does not know,
 * `failed` where its disk is full, `neo4j-unavailable` where it ends or does not answer in time, with the last lines of its log.
 */
export async function startNeo4j(given: StartOptions): Promise<Neo4jInstance> {
  const options = { ...given, home: resolve(given.home), dataDir: resolve(given.dataDir) }
  const { dataDir, boltPort, signal } = options
  if (await isRunning(dataDir)) {
    throw new HoldfastError('refused', `${dataDir} is in use by a running Neo4j`, { hint: 'stop that one first' })
  }
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await startOn(boltPort ?? (await freePort()), options)
    } catch (error) {
      if (!(error instanceof PortTakenError) || boltPort !== undefined || attempt === portTries) throw error
    }
  }
}

/** The port was taken between its choice and its use. */
class PortTakenError extends HoldfastError {}

async function startOn(port: number, options: StartOptions): Promise<Neo4jInstance> {
  const { installation, home, dataDir, settings = {}, authentication = 'none', onProgress = silent } = options
  onProgress({ phase: `start Neo4j ${installation.version}` })
  await prepareHome(port, options)
  const server = await ServerProcess.start(await serverCommand(options))
  const facts = { version: installation.version, home, dataDir, boltUri: `bolt://127.0.0.1:${port}` }
  const instance = new Neo4jInstance(server, facts, authentication)
  try {
    await options.onSpawn?.(instance)
    await awaitStart(instance, options)
    await requireKnownSettings(home, settings)
    if (options.detached) server.letGo()
    return instance
  } catch (error) {
    await server.kill()
    throw error
  }
}

async function awaitStart(instance: Neo4jInstance, options: StartOptions): Promise<void> {
  const { authentication = 'none', limit = 600_000, signal } = options
  const tooLate = AbortSignal.timeout(limit)
  const ended = new AbortController()
  const ready = untilReady({
    home: instance.home,
    connection: instance.connection,
    initialPassword: authentication === 'none' ? undefined : initialPassword,
    signal: AbortSignal.any([ended.signal, tooLate, ...(signal ? [signal] : [])]),
  })
  const full = untilDiskFull(instance, ended.signal)
  // Only the first to end is listened to.
  full.catch(() => {})
  try {
    const exit = await Promise.race([ready, instance.exited, full])
    if (typeof exit === 'string') throw noRoom(instance.version, instance, exit)
    if (exit?.signal) throw await killed(instance, exit.signal)
    if (exit) throw await failure(instance, `ended with code ${exit.code} before it was ready`)
  } catch (error) {
    signal?.throwIfAborted()
    if (tooLate.aborted) throw await failure(instance, `did not answer within ${limit / 1000} s`)
    throw error
  } finally {
    ended.abort()
  }
}

async function prepareHome(port: number, options: StartOptions): Promise<void> {
  const { home, dataDir, settings = {}, authentication = 'none', pageCache = '64m' } = options
  await setLogsAside(home)
  await writeServerConfiguration({
    home,
    dataDir,
    boltPort: port,
    authentication: authentication !== 'none',
    pageCache,
    settings,
  })
}

async function serverCommand({
  installation,
  home,
  detached,
  heap = '512m',
  javaOptions = quickStart,
}: StartOptions): Promise<ServerCommand> {
  const args = await javaArguments({
    installation,
    mainClass: versionTraits(installation.version).serverClass,
    heap,
    javaOptions,
    arguments: [homeArgument(home), `--config-dir=${join(home, 'conf')}`],
  })
  return {
    command: installation.java.command,
    arguments: args,
    environment: javaEnvironment,
    directory: home,
    outputPath: consoleLogPath(home),
    detached,
  }
}

async function requireKnownSettings(home: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const unknown = unknownSettings(await readServerLog(home), settings)
  if (unknown.length > 0)
    throw new HoldfastError('usage', `Neo4j does not know the setting ${unknown.join(', ')}`, {
      hint: 'correct its name, or leave it out',
    })
}

/** The kernel does so where memory runs out, so it says nothing about the files. */
async function killed({ version, home }: Neo4jInstance, signal: NodeJS.Signals): Promise<HoldfastError> {
  const message = `Neo4j ${version} was ended with ${signal} before it was ready:\n${await failureLines(home)}`
  return new HoldfastError('neo4j-unavailable', message, {
    hint: 'memory may have run out: `dmesg` tells, and so does whoever runs the container; give it more, then run it again',
  })
}

async function failure({ version, home, dataDir }: Neo4jInstance, what: string): Promise<HoldfastError> {
  // Java itself cannot even say so on a volume that is full.
  const complaint = (await spaceComplaint(home)) ?? (await fullVolume({ home, dataDir }))
  if (complaint !== undefined) return noRoom(version, { home, dataDir }, complaint)
  const lines = await failureLines(home)
  const message = `Neo4j ${version} ${what}:\n${lines}`
  if (/Address already in use|BindException/.test(lines))
    return new PortTakenError('neo4j-unavailable', message, { hint: 'give another --port, or leave it out' })
  const Kind = blamesFiles(`${await readServerLog(home)}\n${lines}`) ? StartFailure : HoldfastError
  return new Kind('neo4j-unavailable', message, { hint: `the whole story is in ${join(home, 'logs')}` })
}
