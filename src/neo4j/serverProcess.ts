import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../core/errors.ts'
import { spawnTied } from './lifeline.ts'

/** How a process ended. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** What is run, where its output goes. */
export interface ServerCommand {
  command: string
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
  directory: string
  /** A file that both outputs are written to, emptied first. */
  outputPath: string
}

/** A process that this one started, and that ends with it at the latest. */
export class ServerProcess {
  readonly pid: number
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly exited: Promise<Exit>
  #exit: Exit | undefined

  private constructor(pid: number, exited: Promise<Exit>) {
    this.pid = pid
    this.exited = exited.then((exit) => (this.#exit = exit))
  }

  /** @throws HoldfastError `failed` where it cannot be started. */
  static async start({ command, arguments: args, environment, directory, outputPath }: ServerCommand): Promise<ServerProcess> {
    await using output = await open(outputPath, 'w', 0o600)
    const { process, release } = spawnTied(command, args, { output: output.fd, environment, directory })
    try {
      await once(process, 'spawn')
    } catch (error) {
      throw new HoldfastError('failed', `cannot start a process in ${directory}`, { cause: error })
    }
    const exited = new Promise<Exit>((resolve) => {
      process.once('exit', (code, signal) => {
        release()
        resolve({ code, signal })
      })
    })
    return new ServerProcess(process.pid!, exited)
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
