import { runArchiver } from '../archive/runArchiver.ts'
import type { Clock } from '../core/clock.ts'
import type { Repository } from '../repository/repository.ts'

/** An archiver that runs beside the demo until it is disposed of. */
export interface DemoArchiver extends AsyncDisposable {
  /** Resolves when that transaction of `neo4j` is archived. @throws what made archiving fail. */
  upTo(transaction: number): Promise<void>
}

/** Starts to archive the log of a data directory. */
export function startArchiver(
  repository: Repository,
  dataDir: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): DemoArchiver {
  const ended = new AbortController()
  let archived = 0
  let wake = Promise.withResolvers<void>()
  const running = runArchiver({
    repository,
    dataDir,
    interval: 1000,
    retention: { size: null, time: null },
    headroomAlert: 0,
    clock,
    signal: AbortSignal.any([signal, ended.signal]),
    listener: (event) => {
      if (event.kind !== 'shipped' || event.database !== 'neo4j') return
      archived = event.segment.last
      wake.resolve()
      wake = Promise.withResolvers()
    },
  })
  running.catch(() => {})
  return {
    upTo: async (transaction) => {
      while (archived < transaction) await Promise.race([wake.promise, running.then(() => signal.throwIfAborted())])
    },
    [Symbol.asyncDispose]: async () => {
      ended.abort()
      await Promise.allSettled([running])
    },
  }
}
