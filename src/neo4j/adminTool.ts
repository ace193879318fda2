import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import { writeAdminConfiguration } from './configuration.ts'
import type { Installation } from './installation.ts'
import { javaArguments, javaEnvironment } from './javaCommand.ts'
import { ServerProcess } from './serverProcess.ts'

/** Where neo4j-admin works. */
export interface AdminPlace {
  /** A scratch folder for its configuration and its output. */
  home: string
  /** The data directory it works on, of a server that is stopped. */
  dataDir: string
  settings?: Readonly<Record<string, string>> | undefined
  /** Memory for objects, such as `1g`. */
  heap?: string | undefined
  signal?: AbortSignal | undefined
}

/** How a run of neo4j-admin ended. */
export interface AdminResult {
  /** What it printed. */
  text: string
  /** Null where it was killed. */
  exitCode: number | null
}

/**
 * Runs neo4j-admin, such as `['database', 'info']`, and waits for it, whatever its exit code; it cannot outlive this process.
 * @throws the signal's reason when it is aborted.
 */
export async function neo4jAdmin(installation: Installation, place: AdminPlace, args: readonly string[]): Promise<AdminResult> {
  const { settings = {}, heap = '1g', signal } = place
  const [home, dataDir] = [resolve(place.home), resolve(place.dataDir)]
  signal?.throwIfAborted()
  const configuration = join(home, 'admin-conf')
  const output = join(home, 'logs', `neo4j-admin-${randomId(4)}.log`)
  await mkdir(join(home, 'logs'), { recursive: true })
  await writeAdminConfiguration(configuration, { home, dataDir, settings })
  const tool = await ServerProcess.start({
    command: installation.java.command,
    arguments: await javaArguments({ installation, mainClass: 'org.neo4j.cli.AdminTool', heap, arguments: args }),
    environment: { ...javaEnvironment, NEO4J_HOME: home, NEO4J_CONF: configuration },
    directory: home,
    outputPath: output,
  })
  const abort = (): void => void tool.kill()
  signal?.addEventListener('abort', abort)
  // Nobody tells of an abort that came before.
  if (signal?.aborted) abort()
  try {
    const { code } = await tool.exited
    signal?.throwIfAborted()
    return { text: await readFile(output, 'utf8'), exitCode: code }
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/**
 * Runs neo4j-admin and waits for its success.
 * @throws HoldfastError `failed` where it does not end well.
 */
export async function runAdmin(installation: Installation, place: AdminPlace, args: readonly string[]): Promise<void> {
  const result = await neo4jAdmin(installation, place, args)
  if (result.exitCode !== 0) throw adminFailure(args.slice(0, 2).join(' '), result)
}

/** The error for a run that failed, with the end of what it printed. */
export function adminFailure(what: string, { text, exitCode }: AdminResult): HoldfastError {
  const noise = /^\s*$|^\.+ +\d+%$|^WARNING: |^\s+at |^\s*\.\.\. \d+ more/
  const lines = text.split('\n').filter((line) => !noise.test(line))
  const end = lines.slice(-12).join('\n')
  const isInUse = /\bin use\b|\block(ed)?\b|_lock\b/i.test(end)
  const isFull = /No space left on device|Disk quota exceeded/.test(text)
  let hint = 'what it printed says why'
  if (isInUse) hint = 'stop the Neo4j that uses this data directory first'
  if (isFull) hint = 'make room on the volume of the data directory, then run it again'
  return new HoldfastError('failed', `neo4j-admin ${what} ended with ${exitCode ?? 'a signal'}:\n${end}`, { hint })
}
