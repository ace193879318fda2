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

/** A process that cannot outlive this one, even if this one is killed with SIGKILL. */
export interface TiedProcess {
  process: ChildProcess
  /** To be called when it has ended, so that its watcher ends too. */
  release: () => void
}

/**
 * Starts a command, in a session of its own so that a Ctrl-C at the terminal does not reach it, that dies with this process.
 * @param output - a file descriptor for both of its outputs
 */
export function spawnTied(
  command: string,
  args: readonly string[],
  { output, environment, directory }: { output: number; environment: Readonly<Record<string, string>>; directory: string },
): TiedProcess {
  const child = spawn('/bin/sh', ['-c', script, 'holdfast', command, ...args], {
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
