import { expect, test } from 'vitest'
import { buildServices } from '../../../src/app.ts'
import { demoThat } from '../../../src/cli/demoCommand.ts'
import { runProgram } from '../../../src/cli/program.ts'
import type { DemoReport } from '../../../src/demo/demoReport.ts'

const counts = { nodes: 5400, relationships: 10_300, nodesByLabel: {}, relationshipsByType: {} }
const durations = { materialise: 900, validate: 20_000 }
const lost: DemoReport = {
  verdict: 'bad',
  neo4j: '5.26.30',
  backups: [{ id: '20261122T101500Z-3f9a1c', size: 1, storedBytes: 1, milliseconds: 1, lastTransaction: 90 }],
  writes: { confirmedBefore: 200, begunAfter: 220, confirmedAtEnd: 300, restored: { count: 209, last: 210 } },
  counts: { destroyed: counts, restored: counts },
  restore: {
    verdict: 'bad',
    checks: [{ database: 'neo4j', name: 'counts', passed: false, detail: 'found 5399 nodes, expected 5400' }],
    durations,
    files: { files: 9, size: 3, resumed: 0 },
  },
  mistake: { deleted: 40, writtenBefore: 300, found: null, restored: { count: 0, last: 0 }, restore: null },
}

async function run(verdict: DemoReport['verdict'], ...words: string[]) {
  let stdout = ''
  const status = await runProgram(
    { commands: [demoThat(() => ({ ...lost, verdict }))], groups: {}, version: '0' },
    {
      words: ['demo', ...words],
      environment: {},
      workingDirectory: '/',
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: () => {} },
      signal: new AbortController().signal,
    },
    buildServices,
  )
  return { status, stdout }
}

test('[demo.proof] a demo that missed something ends with exit code 6 and says what', async () => {
  const { status, stdout } = await run('bad')
  expect(status).toBe(6)
  expect(stdout).toMatch(/^FAILED +neo4j: counts: found 5399 nodes, expected 5400$/m)
  expect(stdout).toMatch(/^found +NOT in the archived log$/m)
  expect(stdout).toMatch(/^verdict +bad$/m)
  const printed = await run('bad', '--json')
  expect(printed.status).toBe(6)
  expect(JSON.parse(printed.stdout)).toEqual(lost)
  expect(await run('good')).toMatchObject({ status: 0 })
})
