import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './test/support/tallyReporter.ts'

const seconds = 1000
const minutes = 60 * seconds

/** How many files run at once: two even on two processors, for much of a scenario is waiting for a Neo4j or a disk. */
const sideBySide = Math.max(2, Math.floor(availableParallelism() / 2))

interface Group {
  include: string[]
  exclude?: string[]
  /** Groups run one after the other in this order, and those of one number together. */
  order: number
  timeout: number
}

const groups: Record<string, Group> = {
  unit: { include: ['test/unit/**/*.test.ts'], order: 0, timeout: 60 * seconds },
  contracts: {
    include: ['test/contracts/**/*.test.ts'],
    exclude: ['test/contracts/s3*.test.ts'],
    order: 0,
    timeout: 30 * seconds,
  },
  guards: { include: ['test/*.test.ts'], exclude: ['test/docs*.test.ts'], order: 1, timeout: 2 * minutes },
  docs: { include: ['test/docs*.test.ts'], order: 2, timeout: 5 * minutes },
  s3: { include: ['test/contracts/s3*.test.ts', 'test/s3/**/*.test.ts'], order: 3, timeout: 10 * minutes },
  scenarios: { include: ['test/scenarios/**/*.test.ts'], order: 3, timeout: 10 * minutes },
  faults: { include: ['test/faults/**/*.test.ts'], order: 3, timeout: 10 * minutes },
}

export default defineConfig({
  test: {
    reporters: ['default', new TallyReporter()],
    projects: Object.entries(groups).map(([name, { include, exclude = [], order, timeout }]) => ({
      test: {
        name,
        include,
        exclude,
        environment: 'node',
        testTimeout: timeout,
        hookTimeout: timeout,
        maxWorkers: sideBySide,
        sequence: { groupOrder: order },
      },
    })),
  },
})
