import type { ArchiveEvent } from '../archive/archiveEvent.ts'
import type { ArchiverOptions } from '../archive/databaseArchiver.ts'
import { runArchiver } from '../archive/runArchiver.ts'
import { createBackup } from '../backup/createBackup.ts'
import { HoldfastError } from '../core/errors.ts'
import { silent } from '../core/progress.ts'
import { logDirectory, listDatabases } from '../neo4j/dataDirectory.ts'
import type { Graph } from '../neo4j/graph.ts'
import { readLogHeaders } from '../neo4j/liveLog.ts'
import { rootLineage, rootOf } from '../repository/segmentName.ts'

interface ServiceOptions extends ArchiverOptions {
  /** Whether to take a backup where there is none to build on. */
  takeBases: boolean
  /** The server, where it answers. */
  graph: () => Promise<Graph | undefined>
  warn: (message: string) => void
}

/** Milliseconds until a backup that failed is tried again. */
const retryIn = 10_000

/** Archives the log, and takes a backup whenever the archive has none to build on. */
export async function runArchiveService(options: ServiceOptions): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const bases = new NeededBases({ ...options, signal })
  const listener = (event: ArchiveEvent): void => {
    options.listener(event)
    // A lineage whose parent is known continues the backups of that one.
    const rootless = event.kind === 'lineage' && event.parent === undefined && event.lineage !== rootOf(event.lineage)
    if (event.kind === 'gap' || rootless) bases.need()
  }
  if (options.takeBases && (await lacksBase(options))) bases.need()
  try {
    await Promise.all([runArchiver({ ...options, signal, listener }), options.takeBases ? bases.run() : undefined])
  } finally {
    ended.abort()
  }
}

/** Takes one backup after each call of `need`; calls that come while one is waiting share it. */
class NeededBases {
  readonly #options: ServiceOptions
  #wake = Promise.withResolvers<void>()

  constructor(options: ServiceOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.need(), { once: true })
  }

  need(): void {
    this.#wake.resolve()
  }

  async run(): Promise<void> {
    const { signal, clock, warn } = this.#options
    for (;;) {
      await this.#wake.promise
      if (signal.aborted) return
      this.#wake = Promise.withResolvers()
      if (signal.aborted) this.need()
      try {
        await this.#take()
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof HoldfastError)) throw error
        warn(`the backup that the archive needs was not made, and is tried again: ${error.message}`)
        await clock.sleep(retryIn, signal).catch(() => {})
        this.need()
      }
    }
  }

  async #take(): Promise<void> {
    const { repository, dataDir, clock, signal, warn, graph: connect } = this.#options
    await using graph = await connect()
    await createBackup({ repository, dataDir, graph, label: 'archive', clock, progress: silent, signal, warn })
  }
}

/** Whether a database has no backup of its store at all. */
async function lacksBase({ repository, dataDir, signal }: ServiceOptions): Promise<boolean> {
  const backups = await repository.listBackups({ signal })
  const roots = new Set(backups.flatMap(({ manifest }) => manifest?.databases.map(({ storeId }) => rootLineage(storeId)) ?? []))
  for (const database of await listDatabases(dataDir)) {
    const header = (await readLogHeaders(logDirectory(dataDir, database))).at(-1)!
    if (!roots.has(rootLineage(header.storeId))) return true
  }
  return false
}
