import { buildServices } from './app.ts'
import { grammar } from './cli/commands.ts'
import { interruptionOf } from './cli/interruption.ts'
import { printError, toHoldfastError } from './cli/output.ts'
import { runProgram } from './cli/program.ts'
import { processEnvironment } from './config/environment.ts'
import { exitCodes } from './core/errors.ts'

const { stdout, stderr } = process
const words = process.argv.slice(2)

const signal = interruptionOf(
  process,
  (line) => stderr.write(`\n${line}\n`),
  () => process.exit(exitCodes.interrupted),
)

// What reaches this was caught nowhere: the state is unknown, so the program ends.
process.on('uncaughtException', (error) => {
  process.exit(printError(stderr, toHoldfastError(error, signal), words.includes('--json')))
})

// A reader such as `head` may leave early; that must not stop the work.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const status = await runProgram(
  grammar(),
  { words, environment: processEnvironment(), workingDirectory: process.cwd(), stdout, stderr, signal },
  buildServices,
)
stdout.write('', () => process.exit(status))
