import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node'

/** The outcome of a test run in numbers. */
interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** Ends a test run with one line that a person and a script can read: `12 passed, 0 failed`. */
export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    const tally = count(modules)
    // A module that cannot be loaded, a failed hook and an error outside any test are no tests, but they are failures.
    tally.failed += modules.filter((module) => module.errors().length > 0).length + errors.length
    if (reason === 'interrupted') tally.failed += 1
    process.stdout.write(`${tallyLine(tally)}\n`)
  }
}

function count(modules: readonly TestModule[]): Tally {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') tally.passed += 1
      else if (state === 'skipped') tally.skipped += 1
      else tally.failed += 1
    }
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) tally.failed += 1
  }
  return tally
}

/** The tally as one line; skipped tests are named only where there are any. */
function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
