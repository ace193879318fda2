import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNeo4j } from '../../../src/neo4j/instance.ts'
import { StartFailure } from '../../../src/neo4j/startFailure.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-start-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Starts a program in the place of Java and tells the error that comes of it. */
async function failureOf(name: string, script: string): Promise<unknown> {
  const home = join(folder, name)
  mkdirSync(home)
  const command = join(home, 'java')
  writeFileSync(command, `#!/bin/sh\n${script}\n`)
  chmodSync(command, 0o755)
  const java = { command, version: '17.0.15', major: 17 }
  const installation = { version: '5.26.30', lib: home, classPath: home, java }
  return startNeo4j({ installation, home, dataDir: join(home, 'data') }).then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('[artifact.verify] a server that is killed while it starts, as for want of memory, says nothing about its files', async () => {
  const killed = await failureOf('killed', 'echo Starting...; kill -KILL $$')
  expect(killed).toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringMatching(/was ended with SIGKILL before it was ready/) as string,
    hint: expect.stringMatching(/memory/) as string,
  })
  expect(killed).not.toBeInstanceOf(StartFailure)
})

test('[artifact.verify] one that ends by itself once it ran does', async () => {
  expect(await failureOf('ended', 'echo Starting...; echo it cannot start on this; exit 1')).toBeInstanceOf(StartFailure)
})
