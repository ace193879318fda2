import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { type SpawnCommand, spawnDetached, spawnTied } from './lifeline.ts'

/** How a process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** What is run, and how. */
export interface ServerCommand extends Omit<SpawnCommand, 'output'> {
  /** A file that both outputs are written to, emptied first. */
  outputPath: string
  /** Whether it goes on when this process ends; otherwise it ends with it at the latest. */
  detached?: boolean | undefined
}

/** A process that this one started. */
export class ServerProcess {
  readonly pid: number
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess
  #exit: Exit | undefined

  private constructor(process: ChildProcess, exited: Promise<Exit>) {
    this.pid = process.pid!
    this.#process = process
    this.exited = exited.then((exit) => (this.#exit = exit))
  }

  /** @throws HoldfastError `failed` where it cannot be started. */
  static async start({ outputPath, detached = false, ...command }: ServerCommand): Promise<ServerProcess> {
    await using output = await open(outputPath, 'w', 0o600)
    const { process, release } = (detached ? spawnDetached : spawnTied)({ ...command, output: output.fd })
    const exited = new Promise<Exit>((resolve) => {
      process.once('exit', (code, signal) => {
        release()
        resolve({ code, signal })
      })
    })
    try {
      await once(process, 'spawn')
    } catch (error) {
      throw new HoldfastError('failed', `cannot start ${command.command}: ${(error as Error).message}`, {
        cause: error,
        hint: 'is it there, and may it be run?',
      })
    }
    return new ServerProcess(process, exited)
  }

  /** Lets this process end without waiting for the other one. */
  letGo(): void {
    this.#process.unref()
  }

  /** Asks the process to end, and ends it after `limit` milliseconds; tells whether it ended by itself. */
  async stop(limit: number): Promise<boolean> {
    this.#signal('SIGTERM')
    const timer = new AbortController()
    const late = delay(limit, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
    const outcome = await Promise.race([this.exited, late])
    timer.abort()
    if (outcome !== 'late') return true
    await this.kill()
    return false
  }

  /** Ends the process at once with SIGKILL, as a crash would. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.exited
  }

  #signal(name: NodeJS.Signals): void {
    if (this.#exit === undefined) process.kill(this.pid, name)
  }
}
