import { watch } from 'node:fs'
import { join } from 'node:path'
import { isS3Uri } from '../../src/core/s3Uri.ts'
import { type Outcome, type Run, startHoldfast } from './holdfast.ts'
import { repositoryIn } from './storageAt.ts'

interface ArchiverOptions {
  dataDir: string
  repo: string
  /** Such as `200ms`. */
  interval: string
  /** What is given besides, such as `--no-base`. */
  more?: readonly string[]
}

/** `holdfast archive run` in a process of its own, that may be killed and started again. */
export class ArchiverProcess implements AsyncDisposable {
  readonly #options: ArchiverOptions
  #run: Run | undefined

  constructor(options: ArchiverOptions) {
    this.#options = options
  }

  get pid(): number {
    return this.#run!.pid
  }

  /** Starts it where it does not run. */
  start(): void {
    if (this.#run) return
    const { dataDir, repo, interval, more = [] } = this.#options
    const words = ['archive', 'run', '--data-dir', dataDir, '--repo', repo, '--archive-interval', interval, ...more]
    this.#run = startHoldfast([...words, '--uri', 'bolt://127.0.0.1:1'], { limit: 24 * 3_600_000 })
  }

  /** Ends it with SIGKILL. @throws Error where it had ended by itself. */
  async kill(): Promise<Outcome> {
    const run = this.#run!
    run.kill()
    this.#run = undefined
    const outcome = await run.outcome
    if (outcome.exitCode !== undefined) throw new Error(`the archiver ended by itself:\n${outcome.story}`)
    return outcome
  }

  /** Waits until a transaction of a lineage is archived, of the newest one of any database unless told. */
  async reaches(transaction: number, lineage?: string): Promise<void> {
    const { archive } = await repositoryIn(this.#options.repo)
    await this.until(async () => {
      const { segments } = await archive.list()
      const wanted = lineage ?? segments.toSorted((a, b) => a.latest - b.latest).at(-1)?.lineage
      return segments.some((segment) => segment.lineage === wanted && segment.last >= transaction)
    })
  }

  /** Waits until the repository holds so many backups. */
  async backedUp(count: number): Promise<void> {
    const repository = await repositoryIn(this.#options.repo)
    await this.until(async () => (await repository.listBackups()).length >= count)
  }

  /** Waits for what comes about when something is stored; each object is written to `.unfinished` first. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<'changed'>()
      const stop = notifyOfPuts(this.#options.repo, () => resolve('changed'))
      try {
        if (await holds()) return
        const ended = this.#run?.outcome.then(({ story }) => Promise.reject(new Error(`the archiver ended:\n${story}`)))
        await Promise.race([promise, ...(ended ? [ended] : [])])
      } finally {
        stop()
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#run?.kill()
    await this.#run?.outcome
  }
}

/** A bucket tells nobody what is put there, so it is asked again after some time. */
function notifyOfPuts(repo: string, notify: () => void): () => void {
  if (isS3Uri(repo)) {
    const timer = setTimeout(notify, 100)
    return () => clearTimeout(timer)
  }
  const watcher = watch(join(repo, '.unfinished'), notify)
  return () => watcher.close()
}
