import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { mavenEnvironment } from '../../../src/config/environment.ts'
import { copyFromMaven } from '../../../src/neo4j/mavenProject.ts'

const { PATH } = process.env
let folder: string
let environment: Record<string, string>
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-maven-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** Puts a program called mvn on the path that prints this and fails. */
function failingMaven(output: string): void {
  writeFileSync(join(folder, 'mvn'), `#!/bin/sh\ncat <<'END'\n${output}\nEND\nexit 1\n`)
  chmodSync(join(folder, 'mvn'), 0o755)
  environment = { PATH: `${folder}:${PATH}` }
}

test('without Maven, the error says what to install', async () => {
  environment = { PATH: folder }
  await expect(copyFromMaven('5.26.30', folder, { environment })).rejects.toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringContaining('no mvn on the PATH'),
    hint: expect.stringContaining('NEO4J_HOME'),
  })
})

test('without a registry, the error says what Maven said', async () => {
  failingMaven(`[INFO] Scanning
[ERROR] Failed to execute goal on project neo4j: Could not transfer artifact org.neo4j:neo4j:pom:5.26.30: Unknown host
[ERROR] -> [Help 1]`)
  await expect(copyFromMaven('5.26.30', folder, { environment })).rejects.toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringMatching(/cannot fetch Neo4j 5\.26\.30: Failed .* Unknown host$/),
    hint: expect.stringContaining('reachable'),
  })
})

test('a version that does not exist is named', async () => {
  failingMaven('[ERROR] Could not find artifact org.neo4j:neo4j:jar:5.99.0 in central')
  await expect(copyFromMaven('5.99.0', folder, { environment })).rejects.toMatchObject({
    hint: expect.stringContaining('is there a Neo4j 5.99.0?'),
  })
})

test('an abort ends Maven', async () => {
  writeFileSync(join(folder, 'mvn'), `#!/bin/sh\necho Downloaded from central: https://example.org/a.jar\nexec sleep 600\n`)
  chmodSync(join(folder, 'mvn'), 0o755)
  environment = { PATH: `${folder}:${PATH}` }
  const reason = new Error('enough')
  const interruption = new AbortController()
  const copied = copyFromMaven('5.26.30', folder, {
    environment,
    signal: interruption.signal,
    onProgress: ({ note }) => note === '1 files' && interruption.abort(reason),
  })
  await expect(copied).rejects.toBe(reason)
})

test('Maven gets what it needs of the environment, and no secret', async () => {
  writeFileSync(join(folder, 'mvn'), '#!/bin/sh\nexec env > seen\n')
  chmodSync(join(folder, 'mvn'), 0o755)
  process.env['HOLDFAST_PASSPHRASE'] = 'not-a-secret either'
  try {
    environment = mavenEnvironment({
      ...process.env,
      PATH: `${folder}:${PATH}`,
      MAVEN_OPTS: '-Xmx64m',
      NEO4J_PASSWORD: 'not-a-secret',
    })
    await copyFromMaven('5.26.30', folder, { environment })
  } finally {
    delete process.env['HOLDFAST_PASSPHRASE']
  }
  const seen = readFileSync(join(folder, 'seen'), 'utf8')
  expect(seen).toContain('MAVEN_OPTS=-Xmx64m')
  expect(seen).not.toMatch(/HOLDFAST|NEO4J/)
})
