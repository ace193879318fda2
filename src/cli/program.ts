import type { Environment } from '../config/declaration.ts'
import { resolveSettings } from '../config/resolve.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { silent } from '../core/progress.ts'
import { type Grammar, readCommandLine } from './grammar.ts'
import { createLogger, type Logger } from './logger.ts'
import { type OutputStream, printError, printOutcome, toHoldfastError, wantsJson } from './output.ts'
import { createProgressDisplay } from './progressDisplay.ts'
import type { Services, Surroundings } from './services.ts'

/** Everything the program touches of the process it runs in. */
export interface Process {
  /** The words after `node` and the script. */
  words: readonly string[]
  environment: Environment
  workingDirectory: string
  stdout: OutputStream
  stderr: OutputStream
  /** Aborted when the user asks the program to stop. */
  signal: AbortSignal
  clock?: Clock
  /** Lets the databases of this machine go first. */
  giveWay?: () => void
}

/** Runs one command line and returns the exit status; never throws. */
export async function runProgram(
  grammar: Grammar,
  process: Process,
  build: (surroundings: Surroundings) => Services,
): Promise<number> {
  const { words, environment, workingDirectory, stdout, stderr, signal, clock = systemClock, giveWay = () => {} } = process
  // Until the command line is understood, a flag anywhere says how an error is wanted.
  let json = wantsJson(words, environment)
  let log: Logger | undefined
  try {
    const request = readCommandLine(grammar, words, stdout.columns ?? 100)
    if (request.kind === 'show') return printOutcome(stdout, { result: undefined, text: request.text }, false)

    const settings = resolveSettings({ flags: request.settings, environment, workingDirectory })
    json = settings.values.json
    log = createLogger(stderr, settings.values.logLevel)
    for (const warning of settings.warnings) log.warn(warning)

    const isShown = !json && !settings.values.quiet
    const display = isShown ? createProgressDisplay(stderr, clock) : { listener: silent, close: () => {} }
    let services: Services | undefined
    try {
      const progress = display.listener
      if (request.command.givesWay) giveWay()
      services = build({ settings, log, progress, signal })
      const outcome = await request.command.execute(request, { settings, services, progress, signal })
      display.close()
      return printOutcome(stdout, outcome, json)
    } finally {
      display.close()
      const requests = services?.requestCounts() ?? {}
      if (Object.keys(requests).length > 0) log.info({ requests }, 'sent to the bucket')
    }
  } catch (error) {
    log?.debug({ err: error }, 'failed')
    return printError(stderr, toHoldfastError(error, signal), json)
  }
}
