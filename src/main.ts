import { buildServices } from './app.ts'
import { grammar } from './cli/commands.ts'
import { interruptionOf } from './cli/interruption.ts'
import { printError, printNote, toHoldfastError, wantsJson } from './cli/output.ts'
import { runProgram } from './cli/program.ts'
import { takeEnvironment } from './config/environment.ts'
import { exitCodes, HoldfastError } from './core/errors.ts'
import { giveWay } from './core/giveWay.ts'

const { stdout, stderr } = process
const words = process.argv.slice(2)
const environment = takeEnvironment()
const json = wantsJson(words, environment)

const signal = interruptionOf(
  process,
  (note) => printNote(stderr, note, json),
  () => process.exit(exitCodes.interrupted),
)

// What reaches this was caught nowhere: the state is unknown, so the program ends.
process.on('uncaughtException', (error) => {
  process.exit(printError(stderr, toHoldfastError(error, signal), json))
})

// A reader such as `head` may leave early; that must not stop the work. Any other error is met when the program ends.
let lost: Error | undefined
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') lost ??= error
})
// Where even stderr cannot be written to, nobody can be told; the exit status remains.
stderr.on('error', () => {})

const status = await runProgram(
  grammar(),
  { words, environment, workingDirectory: process.cwd(), stdout, stderr, signal, giveWay },
  buildServices,
)
stdout.write('', () => {
  // In the next turn, because the error of a write is told after its callback.
  setImmediate(() => {
    if (lost === undefined) process.exit(status)
    const hint = 'see whether there is room where its output goes; what the command did is done'
    process.exit(printError(stderr, new HoldfastError('failed', `the result cannot be written: ${lost.message}`, { hint }), json))
  })
})
