import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../../src/cli/logger.ts'
import { printError } from '../../../src/cli/output.ts'
import { loggingSteps } from '../../../src/cli/stepLog.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { HoldfastError } from '../../../src/core/errors.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-step-log-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const signal = new AbortController().signal
const services = { log: createLogger({ write: () => {} }, 'warn'), clock: systemClock }
const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('what is long or holds an at sign is in the file as it is', async () => {
  const logFile = join(folder, 'whole.jsonl')
  const facts = {
    uri: 's3://bucket/exports/neo4j@2026.dump',
    found: { hex: 'd0'.repeat(1_000_000), base64: 'aB3'.repeat(1000), url: 'https://example.org/@me' },
  }
  await loggingSteps({ options: { verbose: false, logFile }, services, signal }, async (onStep) => {
    onStep('query', facts)
    return Promise.resolve(facts)
  })
  expect(linesOf(logFile)).toEqual([expect.objectContaining(facts), expect.objectContaining(facts)])
})

test('an error tells the place it is about, however long that is', async () => {
  const logFile = join(folder, 'place.jsonl')
  const place = `s3://backups/${'Kunden/AcmeGmbH/2026-11-29T0930Z/'.repeat(7)}`
  const told = { code: 'repository', message: `there is no repository at ${place}`, hint: `look at ${place}` } as const
  const error = new HoldfastError(told.code, told.message, { hint: told.hint })
  await expect(
    loggingSteps({ options: { verbose: false, logFile }, services, signal }, async () => Promise.reject(error)),
  ).rejects.toBe(error)
  expect(linesOf(logFile)).toMatchObject([{ step: 'failed', ...told }])
  let stderr = ''
  printError({ write: (text) => (stderr += text) }, error, true)
  expect(JSON.parse(stderr)).toEqual({ error: told })
})

test('[secrets.hidden] what a step, a result or an error quotes of a URI with a password is hidden in the file of the steps', async () => {
  const logFile = join(folder, 'steps.jsonl')
  const quoted = 'could not transfer it from https://someone:not-a-secret@nexus.example.org/repo: 401'
  const run = async (end: () => object): Promise<object> =>
    loggingSteps(
      {
        options: { verbose: false, logFile },
        services,
        signal,
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
  expect(lines.join().match(/https:\/\/\[secret\]@nexus\.example\.org/g)).toHaveLength(5)
})
