import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../../src/cli/logger.ts'
import { s3VerifyRestoreCommand } from '../../../src/cli/s3VerifyRestoreCommand.ts'
import type { Services } from '../../../src/cli/services.ts'
import { resolveSettings } from '../../../src/config/resolve.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-verify-text-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('[artifact.verify] of a dump that was not loaded the report does not say that it was', async () => {
  const file = join(folder, 'cut.dump.gz')
  writeFileSync(file, gzipSync(Buffer.alloc(100_000, 'dump')).subarray(0, 50))
  const java = { command: '/nowhere/java', version: '17.0.15', major: 17 }
  const installation = { version: '5.26.30', lib: folder, classPath: folder, java }
  const services = {
    clock: systemClock,
    log: createLogger({ write: () => {} }, 'error'),
    installation: async () => Promise.resolve(installation),
  }
  const { text, result, failure } = await s3VerifyRestoreCommand.execute(
    { arguments: {}, options: { file, workDir: folder } },
    {
      settings: resolveSettings({ flags: {}, environment: {}, workingDirectory: folder }),
      services: services as unknown as Services,
      progress: silent,
      signal: new AbortController().signal,
    },
  )
  expect({ result, failure }).toMatchObject({ result: { verdict: 'bad', loaded: false }, failure: 'validation' })
  expect(text).toMatch(/^loaded +no$/m)
})
