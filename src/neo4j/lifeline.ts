import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'

/**
 * Becomes the command it is given, and leaves behind a watcher that kills it when file descriptor 3 closes without a word:
 * that is when whoever started it is gone, however it went. The watcher is there before the command is, so there is no moment
 * without it. It makes sure that it is still a child of the command, for by then the process number may be another's.
 */
const script = `
( if read -r line <&3; then exit 0; fi
  if [ -r /proc/self/stat ]; then
    read -r id name state parent rest </proc/self/stat
    [ "$parent" = "$$" ] || exit 0
  fi
  kill -KILL $$ ) &
exec "$@" 3<&-
`

/** What is started: a command, its words, its whole environment, its folder, and a file descriptor for both of its outputs. */
export interface SpawnCommand {
  command: string
  arguments: readonly string[]
  environment: Readonly<Record<string, string>>
  directory: string
  output: number
}

/** A process, and what to do when it has ended. */
export interface SpawnedProcess {
  process: ChildProcess
  release: () => void
}

/**
 * Starts a command that cannot outlive this process, even if this one is killed with SIGKILL.
 * It gets a session of its own, so that a Ctrl-C at the terminal does not reach it.
 */
export function spawnTied({ command, arguments: words, environment, directory, output }: SpawnCommand): SpawnedProcess {
  const child = spawn('/bin/sh', ['-c', script, 'holdfast', command, ...words], {
    cwd: directory,
    env: { ...environment },
    detached: true,
    stdio: ['ignore', output, output, 'pipe'],
  })
  const lifeline = child.stdio[3] as Duplex
  // The watcher may be gone before it reads the word; then there is nobody to tell.
  lifeline.on('error', () => lifeline.destroy())
  return { process: child, release: () => lifeline.end('done\n') }
}

/** Starts a command that goes on when this process ends. */
export function spawnDetached({ command, arguments: words, environment, directory, output }: SpawnCommand): SpawnedProcess {
  const child = spawn(command, words, {
    cwd: directory,
    env: { ...environment },
    detached: true,
    stdio: ['ignore', output, output],
  })
  return { process: child, release: () => {} }
}
