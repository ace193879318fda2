import { defineConfig } from 'vitest/config'
import { TallyReporter } from './test/support/tallyReporter.ts'

const seconds = 1000
const minutes = 60 * seconds

interface Group {
  include: string[]
  exclude?: string[]
  /** Groups run one after the other in this order. */
  order: number
  timeout: number
  /** Whether files may run side by side; not where a Neo4j runs. */
  parallel: boolean
}

const groups: Record<string, Group> = {
  unit: { include: ['test/unit/**/*.test.ts'], order: 0, timeout: 60 * seconds, parallel: true },
  contracts: {
    include: ['test/contracts/**/*.test.ts'],
    exclude: ['test/contracts/s3*.test.ts'],
    order: 0,
    timeout: 30 * seconds,
    parallel: true,
  },
  guards: { include: ['test/*.test.ts'], exclude: ['test/docs*.test.ts'], order: 1, timeout: 2 * minutes, parallel: true },
  docs: { include: ['test/docs*.test.ts'], order: 2, timeout: 5 * minutes, parallel: false },
  s3: { include: ['test/contracts/s3*.test.ts', 'test/s3/**/*.test.ts'], order: 3, timeout: 10 * minutes, parallel: false },
  scenarios: { include: ['test/scenarios/**/*.test.ts'], order: 4, timeout: 10 * minutes, parallel: false },
  faults: { include: ['test/faults/**/*.test.ts'], order: 5, timeout: 10 * minutes, parallel: false },
}

export default defineConfig({
  test: {
    reporters: ['default', new TallyReporter()],
    projects: Object.entries(groups).map(([name, { include, exclude = [], order, timeout, parallel }]) => ({
      test: {
        name,
        include,
        exclude,
        environment: 'node',
        testTimeout: timeout,
        hookTimeout: timeout,
        fileParallelism: parallel,
        sequence: { groupOrder: order },
      },
    })),
  },
})
