import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { noRoom, untilDiskFull } from '../../../src/neo4j/fullDisk.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-full-disk-'))
  mkdirSync(join(home, 'logs'))
})
afterEach(() => rmSync(home, { recursive: true }))

test.each(['debug.log', 'neo4j.log', 'console.log'])('a server that tells in its %s of a full disk is given up', async (name) => {
  writeFileSync(join(home, 'logs', name), 'Starting...\njava.io.IOException: No space left on device\n\tat sun.nio\n')
  const found = await untilDiskFull({ home, dataDir: home }, AbortSignal.timeout(5000))
  expect(found).toBe('java.io.IOException: No space left on device')
  expect(noRoom('5.26.30', { home, dataDir: '/data' }, found)).toMatchObject({
    code: 'failed',
    message: expect.stringContaining('no space left for Neo4j 5.26.30 in /data'),
    hint: expect.stringContaining('--resume'),
  })
})

test('a server that has room is waited for', async () => {
  writeFileSync(join(home, 'logs', 'debug.log'), 'Starting...\n')
  await expect(untilDiskFull({ home, dataDir: join(home, 'not-made-yet') }, AbortSignal.timeout(100))).rejects.toMatchObject({
    name: 'AbortError',
  })
})
