import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { HoldfastError } from '../core/errors.ts'
import type { Answer, Task } from './blockThread.ts'
import { blockWork } from './blockWork.ts'

const mostThreads = 4
/** So many bytes are worked on where they are: to start a thread takes longer. */
const fewBytes = 8 * 1024 * 1024

/** Memory for one block that threads share: its plaintext and its stored form. */
export interface Slot {
  readonly plain: Buffer
  readonly stored: Buffer
}

type Work = typeof blockWork

/**
 * Hashes, compresses and decodes blocks on threads of their own, started once there is enough to do. Blocks lie in memory that
 * is shared with the threads and used again and again, so that nothing is copied to them and the garbage collector has little to do.
 */
export class BlockThreads implements AsyncDisposable {
  readonly #limit = Math.min(mostThreads, availableParallelism())
  readonly #program: URL
  readonly #threads: Thread[] = []
  readonly #spare: Slot[] = []
  #bytes = 0
  #ended = false

  /** @param program what a thread runs; another one only in tests */
  constructor(program: URL = new URL(`./blockThread${extname(import.meta.url)}`, import.meta.url)) {
    this.#program = program
  }

  /** A slot for that many bytes of plaintext and of stored form at least; to be given back. */
  take(plain: number, stored = plain): Slot {
    const spare = this.#spare.pop()
    const length = Math.max(plain, stored)
    if (spare && spare.plain.length >= length) return spare
    // Both begin at a multiple of eight, for what reads them in words.
    const start = Math.ceil(length / 8) * 8
    const memory = new SharedArrayBuffer(start + length)
    return { plain: Buffer.from(memory, 0, length), stored: Buffer.from(memory, start, length) }
  }

  give(slot: Slot): void {
    this.#spare.push(slot)
  }

  /** @throws HoldfastError `failed` where the thread ended before it was done. */
  async run<Name extends keyof Work>(name: Name, ...parameters: Parameters<Work[Name]>): Promise<ReturnType<Work[Name]>> {
    if (this.#ended) throw new Error('the threads have ended')
    this.#bytes += parameters[0].length
    if (this.#bytes < fewBytes) {
      return (blockWork[name] as (...all: Parameters<Work[Name]>) => ReturnType<Work[Name]>)(...parameters)
    }
    return (await this.#leastBusy().run({ name, parameters })) as ReturnType<Work[Name]>
  }

  #leastBusy(): Thread {
    const thread = this.#threads.toSorted((one, other) => one.tasks - other.tasks)[0]
    if (thread && (thread.tasks === 0 || this.#threads.length >= this.#limit)) return thread
    const started = new Thread(this.#program)
    this.#threads.push(started)
    return started
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await Promise.all(this.#threads.map(async (thread) => thread.end()))
  }
}

/** One thread, which does its tasks in order. */
class Thread {
  readonly #worker: Worker
  readonly #waiting: PromiseWithResolvers<unknown>[] = []
  #failure: HoldfastError | undefined

  constructor(program: URL) {
    this.#worker = new Worker(program)
    this.#worker.on('message', ({ result, error }: Answer) => {
      const task = this.#waiting.shift()
      if (error === undefined) task?.resolve(result)
      else task?.reject(error)
    })
    this.#worker.on('messageerror', (error) => this.#fail(error.message))
    this.#worker.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)))
    this.#worker.on('exit', (code) => this.#fail(`it ended with ${code}`))
  }

  /** Tasks given and not answered. */
  get tasks(): number {
    return this.#waiting.length
  }

  async run(task: Task): Promise<unknown> {
    if (this.#failure) throw this.#failure
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.push(answer)
    this.#worker.postMessage(task)
    return answer.promise
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #fail(reason: string): void {
    this.#failure ??= new HoldfastError('failed', `a thread that works on blocks failed: ${reason}`, {
      hint: 'try again; if memory is short, make room for it',
    })
    for (const task of this.#waiting.splice(0)) task.reject(this.#failure)
  }
}
