import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildServices } from '../../../src/app.ts'
import { grammar } from '../../../src/cli/commands.ts'
import { createLogger } from '../../../src/cli/logger.ts'
import { runProgram } from '../../../src/cli/program.ts'
import { resolveSettings } from '../../../src/config/resolve.ts'
import { silent } from '../../../src/core/progress.ts'
import type { Manifest } from '../../../src/repository/manifest.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-services-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function servicesOf(flags: Record<string, string>, environment: Record<string, string> = {}) {
  let logged = ''
  const settings = resolveSettings({ flags, environment, workingDirectory: folder })
  const log = createLogger({ write: (text) => (logged += text) }, 'warn')
  const services = buildServices({ settings, log, progress: silent, signal: new AbortController().signal })
  return { services, logged: () => logged }
}

test('a server that cannot be reached, or is none, is no reason to stop, and one short line', async () => {
  const web = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  try {
    for (const uri of ['bolt://127.0.0.1:1', `bolt://127.0.0.1:${(web.address() as AddressInfo).port}`]) {
      const { services, logged } = servicesOf({ uri })
      const reasons: unknown[] = []
      expect(await services.graphIfAnswering((why) => reasons.push(why))).toBeUndefined()
      expect(reasons).toHaveLength(1)
      expect(logged()).toContain('the server is not asked for version, schema and counts')
      expect(logged()).not.toMatch(/Please ensure|encryption setting/)
      expect(logged().trim().split('\n')).toHaveLength(1)
    }
  } finally {
    web.close()
  }
})

test('a data directory that is none is the first and only thing that is said', async () => {
  let [stdout, stderr] = ['', '']
  const status = await runProgram(
    grammar(),
    {
      words: ['backup', 'create', '--data-dir', folder, '--repo', join(folder, 'none'), '--uri', 'bolt://127.0.0.1:1'],
      environment: {},
      workingDirectory: folder,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      signal: new AbortController().signal,
    },
    buildServices,
  )
  expect([status, stdout]).toEqual([3, ''])
  expect(stderr).toMatch(/^holdfast: .* is not a Neo4j data directory: .*\n {2}next: .*\n$/)
})

test('a Neo4j that a backup cannot be checked on is refused before anything is written', () => {
  const manifest = { id: 'b', server: { version: '5.26.30', edition: 'community' } } as Manifest
  const check = (flags: Record<string, string>, environment = {}) =>
    servicesOf(flags, environment).services.requireFittingVersion(manifest)
  expect(() => check({ neo4jVersion: 'oldest' })).toThrow(
    expect.objectContaining({
      code: 'refused',
      message: expect.stringContaining('5.13.0, which is older'),
      hint: expect.anything(),
    }),
  )
  expect(() => check({}, { HOLDFAST_NEO4J_VERSION: 'latest' })).toThrow(expect.objectContaining({ code: 'refused' }))
  for (const neo4jVersion of ['lts', 'latest']) expect(() => check({ neo4jVersion })).not.toThrow()
})
