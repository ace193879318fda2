import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../../src/cli/logger.ts'
import { loggingSteps } from '../../../src/cli/stepLog.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { HoldfastError } from '../../../src/core/errors.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-step-log-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('[secrets.hidden] what a step, a result or an error quotes of a URI with a password is hidden in the file of the steps', async () => {
  const logFile = join(folder, 'steps.jsonl')
  const quoted = 'could not transfer it from https://someone:not-a-secret@nexus.local/repo: 401'
  const run = async (end: () => object): Promise<object> =>
    loggingSteps(
      {
        options: { verbose: false, logFile },
        services: { log: createLogger({ write: () => {} }, 'warn'), clock: systemClock },
        signal: new AbortController().signal,
      },
      async (onStep) => {
        onStep('install', { detail: quoted })
        return Promise.resolve(end())
      },
    )
  await run(() => ({ detail: quoted }))
  await expect(
    run(() => {
      throw new HoldfastError('neo4j-unavailable', quoted, { hint: quoted })
    }),
  ).rejects.toThrow('401')
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { step: string }).step)).toEqual(['install', 'result', 'install', 'failed'])
  expect(lines.join()).not.toContain('not-a-secret')
  expect(lines.join().match(/https:\/\/\[secret\]@nexus\.local/g)).toHaveLength(5)
})
