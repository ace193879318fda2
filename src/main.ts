import { buildServices } from './app.ts'
import { grammar } from './cli/commands.ts'
import { runProgram } from './cli/program.ts'
import { processEnvironment } from './config/environment.ts'
import { exitCodes, HoldfastError } from './core/errors.ts'

const interruption = new AbortController()

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted)
    process.stderr.write(`\nholdfast: stopping after ${name}; a second signal stops at once\n`)
    interruption.abort(new HoldfastError('interrupted', `interrupted by ${name}`))
  })
}

// A reader such as `head` may leave early; that must not stop the work.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const status = await runProgram(
  grammar(),
  {
    words: process.argv.slice(2),
    environment: processEnvironment(),
    workingDirectory: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interruption.signal,
  },
  buildServices,
)
process.stdout.write('', () => process.exit(status))
