import { expect, test } from 'vitest'
import { doctorCommand } from '../../../src/cli/doctorCommand.ts'
import { createLogger } from '../../../src/cli/logger.ts'
import { repoInitCommand } from '../../../src/cli/repoInitCommand.ts'
import type { Services } from '../../../src/cli/services.ts'
import { resolveSettings } from '../../../src/config/resolve.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silent } from '../../../src/core/progress.ts'
import { memoryStorage } from '../../../src/storage/memory.ts'

test('what a place does not tell is called not known, never good, and a repository is made with a warning', async () => {
  const found = 'this role may not ask for the rules of the bucket'
  const storage = { ...memoryStorage(), danger: async () => Promise.resolve({ found, unknown: true as const }) }
  const warnings: string[] = []
  const log = createLogger({ write: (line) => warnings.push((JSON.parse(line) as { msg: string }).msg) }, 'warn')
  const services = { clock: systemClock, log, storage: () => storage, repositoryKey: () => {} }
  const run = async ({ execute }: Pick<typeof doctorCommand, 'execute'>) =>
    execute(
      { arguments: {}, options: {} },
      {
        settings: resolveSettings({ flags: {}, environment: {}, workingDirectory: '/' }),
        services: services as unknown as Services,
        progress: silent,
        signal: new AbortController().signal,
      },
    )
  const { text, failure } = await run(doctorCommand)
  expect(failure).toBeUndefined()
  expect(text).toMatch(/: good for a repository, but for what is not known\n/)
  expect(text).toMatch(/^what is stored stays +not known +this role may not ask/m)
  await run(repoInitCommand)
  expect(warnings).toEqual([
    `it is not known whether what is stored stays: ${found}; see for yourself that no rule of the bucket removes or archives objects of this repository`,
  ])
})
