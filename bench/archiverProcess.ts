import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { liveTransactions } from '../src/neo4j/liveLog.ts'

/** An archiver as a process of its own, and what it says that it has stored. */
export class ArchiverProcess {
  readonly #process: ChildProcess
  readonly #stored: { last: number; first: number; at: number }[] = []
  bytes = 0
  /** Sent to a bucket, known once it has stopped. */
  requests: Record<string, number> = {}
  #wake = Promise.withResolvers<void>()

  constructor({ holdfast, dataDir, repo, uri }: { holdfast: string; dataDir: string; repo: string; uri: string }) {
    const words = ['archive', 'run', '--data-dir', dataDir, '--repo', repo, '--uri', uri, '--quiet', '--log-level', 'debug']
    this.#process = spawn(process.execPath, [holdfast, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    createInterface(this.#process.stderr!).on('line', (line) => {
      if (!line.startsWith('{')) return
      const said = JSON.parse(line) as {
        time: string
        msg: string
        database?: string
        first: number
        last: number
        bytes: number
        requests?: Record<string, number>
      }
      if (said.requests) this.requests = said.requests
      if (said.msg !== 'stored a segment' || said.database !== 'neo4j') return
      this.#stored.push({ first: said.first, last: said.last, at: Date.parse(said.time) })
      this.bytes += said.bytes
      this.#wake.resolve()
      this.#wake = Promise.withResolvers()
    })
  }

  /** Resolves when that transaction is stored. */
  async upTo(id: number): Promise<void> {
    while ((this.#stored.at(-1)?.last ?? 0) < id) await this.#wake.promise
  }

  /** Milliseconds from the commit of each transaction to when it was durable, ascending. */
  async lags(directory: string, from: number): Promise<number[]> {
    const lags: number[] = []
    for await (const { transactions } of liveTransactions(directory, from)) {
      for (const { id, commitTime } of transactions) {
        const stored = this.#stored.find(({ first, last }) => first <= id && id <= last)
        if (stored) lags.push(stored.at - commitTime)
      }
    }
    return lags.toSorted((a, b) => a - b)
  }

  async cpuSeconds(): Promise<number> {
    const text = await readFile(`/proc/${this.#process.pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  async peakMemory(): Promise<number> {
    const text = await readFile(`/proc/${this.#process.pid}/status`, 'utf8')
    return Math.round((Number(/VmHWM:\s+(\d+)/.exec(text)![1]) * 1024) / 1e6)
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGINT')
    await once(this.#process, 'close')
  }

  /** Does not outlive a benchmark that broke. */
  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL')
  }
}

/** The id of the last transaction in a log. */
export async function lastId(directory: string): Promise<number> {
  let last = 0
  for await (const { transactions } of liveTransactions(directory, 0)) last = transactions.at(-1)!.id
  return last
}
