import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createBackup } from '../backup/createBackup.ts'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { systemReason } from '../core/systemReasons.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Graph } from '../neo4j/graph.ts'
import { keptCounts } from '../neo4j/graphCounts.ts'
import type { Installation } from '../neo4j/installation.ts'
import { startNeo4j } from '../neo4j/instance.ts'
import type { Neo4jInstance } from '../neo4j/neo4jInstance.ts'
import { restore } from '../recovery/restore.ts'
import type { Manifest } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { BusyWriter } from './busyWriter.ts'
import { startArchiver } from './demoArchiver.ts'
import { type DemoReport, demoVerdict } from './demoReport.ts'
import { findMistake, makeMistake, type Mistake, restoreBefore } from './mistake.ts'
import { countRestored } from './restoredNotes.ts'
import { loadSampleGraph } from './sampleGraph.ts'

export interface DemoOptions {
  installation: Installation
  /** Where everything goes and stays; a temporary directory that is removed unless given. */
  directory?: string | undefined
  /** Opens a new repository in a directory. */
  newRepository: (directory: string) => Promise<Repository>
  /** Entities in the graph. */
  entities: number
  clock: Clock
  progress: ProgressListener
  signal: AbortSignal
}

/** What was known of the busy writer when a backup began and when it had ended. */
interface Taken {
  manifest: Manifest
  acknowledgedBefore: number
  sentAfter: number
}

/**
 * The main job once through: a busy database, two hot backups, its destruction, and a restore that is proven. Then the same database as it
 * was just before someone deleted what was precious.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { installation, clock, progress, signal } = options
  const directory = options.directory ? resolve(options.directory) : await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  try {
    await makeEmpty(directory)
    const dataDir = join(directory, 'neo4j-data')
    const repository = await options.newRepository(join(directory, 'repository'))
    const lived = await liveAndBackUp(repository, dataDir, directory, options)

    progress({ phase: 'destroy the database' })
    await rm(dataDir, { recursive: true, force: true })

    const target = join(directory, 'restored-data')
    const restored = await restore(repository, lived.second.manifest, {
      target,
      staging: async () => installation,
      clock,
      progress,
      signal,
    })
    const found = await lookInto(target, directory, options)
    const mistake = await undoMistake(repository, lived.mistake, directory, options)
    const seen: Omit<DemoReport, 'verdict'> = {
      neo4j: installation.version,
      ...(options.directory ? { directory } : {}),
      backups: [lived.first, lived.second].map(({ manifest }) => described(manifest)),
      writes: {
        confirmedBefore: lived.second.acknowledgedBefore,
        begunAfter: lived.second.sentAfter,
        confirmedAtEnd: lived.confirmedAtEnd,
        restored: found.notes,
      },
      counts: { destroyed: lived.counts, restored: found.counts },
      restore: { verdict: restored.verdict, checks: restored.checks, durations: restored.durations, files: restored.files },
      mistake,
    }
    return { verdict: demoVerdict(seen), ...seen }
  } finally {
    if (!options.directory) await rm(directory, { recursive: true, force: true })
  }
}

async function makeEmpty(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    const found = await readdir(directory)
    if (found.length === 0) return
    throw new HoldfastError('refused', `${directory} is not empty: found ${found.slice(0, 5).join(', ')}`, {
      hint: 'give --data a directory that is empty or does not exist',
    })
  } catch (error) {
    const known = systemReason(error)
    if (known === undefined) throw error
    const hint = 'give --data a directory that is empty or can be made'
    throw new HoldfastError('failed', `the demo cannot use ${directory}: ${known.reason}`, { hint, cause: error })
  }
}

async function liveAndBackUp(repository: Repository, dataDir: string, directory: string, options: DemoOptions) {
  const { installation, entities, progress, signal } = options
  await using server = await startNeo4j({ installation, home: join(directory, 'neo4j'), dataDir, signal, onProgress: progress })
  await using graph = await server.connect()
  await loadSampleGraph(graph, entities, progress)
  await using writing = await server.connect()
  const writer = new BusyWriter(writing)
  await writer.advance(50)
  const first = await takeBackup(repository, server, graph, writer, options)
  await using archiver = startArchiver(repository, dataDir, options)
  await writer.advance(200)
  const second = await takeBackup(repository, server, graph, writer, options)
  await writer.advance(50)
  await writer.stop()
  const counts = await keptCounts(graph)
  progress({ phase: 'someone deletes every note' })
  const mistake = await makeMistake(graph, writer.acknowledged)
  const later = new BusyWriter(writing, writer.acknowledged)
  await later.advance(50)
  await later.stop()
  progress({ phase: 'wait until the log is archived' })
  await archiver.upTo(Number(await graph.lastCommittedTransaction('neo4j')))
  await server.kill()
  return { first, second, counts, mistake, confirmedAtEnd: writer.acknowledged }
}

async function takeBackup(
  repository: Repository,
  { dataDir }: Neo4jInstance,
  graph: Graph,
  writer: BusyWriter,
  { clock, progress, signal }: DemoOptions,
): Promise<Taken> {
  const acknowledgedBefore = writer.acknowledged
  const manifest = await createBackup({ repository, dataDir, graph, clock, progress, signal, warn: () => {} })
  return { manifest, acknowledgedBefore, sentAfter: writer.sent }
}

async function lookInto(dataDir: string, directory: string, { installation, progress, signal }: DemoOptions) {
  progress({ phase: 'look for each numbered write' })
  await using server = await startNeo4j({ installation, home: join(directory, 'neo4j'), dataDir, signal })
  await using graph = await server.connect()
  return { notes: await countRestored(graph), counts: await keptCounts(graph) }
}

/** Finds what was done, and restores to just before it. */
async function undoMistake(
  repository: Repository,
  mistake: Mistake,
  directory: string,
  options: DemoOptions,
): Promise<DemoReport['mistake']> {
  const { signal, progress } = options
  progress({ phase: 'look for the mistake in the archived log' })
  const found = await findMistake(repository, signal, progress)
  if (!found) return { ...mistake, found: null, restored: { count: 0, last: 0 }, restore: null }
  const target = join(directory, 'before-the-mistake')
  const { verdict, checks, durations } = await restoreBefore(repository, found.transaction, { ...options, target })
  const { notes } = await lookInto(target, directory, options)
  return { ...mistake, found, restored: notes, restore: { verdict, checks, durations } }
}

function described({ id, totals, timing, databases }: Manifest): DemoReport['backups'][number] {
  return {
    id,
    size: totals.size,
    storedBytes: totals.storedBytes,
    milliseconds: Date.parse(timing.finished) - Date.parse(timing.started),
    lastTransaction: databases.find(({ name }) => name === 'neo4j')!.lastTransaction.id,
  }
}
