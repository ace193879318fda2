import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { detachedStatus, startDetached, stopDetached } from '../../../src/neo4j/detached.ts'

let home: string
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'holdfast-detached-'))))
afterEach(() => rmSync(home, { recursive: true }))

function writeDown(pid: number): void {
  const server = { pid, uri: 'bolt://127.0.0.1:1', version: '5.26.30', dataDir: '/data', startedAt: '2026-11-22T10:00:00.000Z' }
  writeFileSync(join(home, 'holdfast-neo4j.json'), JSON.stringify(server))
}

test('where none was started there is none', async () => {
  expect(await detachedStatus(home)).toBeUndefined()
  expect(await stopDetached(home)).toBeUndefined()
  expect(await detachedStatus(join(home, 'nothing'))).toBeUndefined()
})

test('no server is started in a data directory, which is easily taken for the folder of one', async () => {
  for (const name of ['databases', 'transactions']) mkdirSync(join(home, name))
  const options = { home, dataDir: join(home, 'data') } as Parameters<typeof startDetached>[0]
  await expect(startDetached(options)).rejects.toMatchObject({
    code: 'refused',
    message: `${home} is a data directory, expected the folder of a server, which holds one named data`,
  })
  expect(readdirSync(home)).toEqual(['databases', 'transactions'])
})

test('what is no record of a server, or cannot be read, is said to be so', async () => {
  const path = join(home, 'holdfast-neo4j.json')
  for (const text of ['{"pid": 12', '{}', '{"pid": "all"}']) {
    writeFileSync(path, text)
    for (const ask of [detachedStatus, stopDetached])
      await expect(ask(home)).rejects.toMatchObject({
        code: 'failed',
        message: `${path} is not what holdfast neo4j start writes`,
      })
  }
  rmSync(path)
  mkdirSync(path)
  await expect(detachedStatus(home)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('a directory is where a file is expected'),
    hint: expect.any(String),
  })
})

test('a process that has got the number of a dead server is not taken for it, and not stopped', async () => {
  const bystander = spawn('sleep', ['600'], { stdio: 'ignore' })
  await once(bystander, 'spawn')
  try {
    writeDown(bystander.pid!)
    expect(await detachedStatus(home)).toMatchObject({ running: false, pid: bystander.pid })
    expect(await stopDetached(home)).toBeUndefined()
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
    expect(await detachedStatus(home)).toBeUndefined()
  } finally {
    bystander.kill()
  }
})

test('one that ignores SIGTERM is killed at the limit', async () => {
  const script = `trap '' TERM; echo ready; while :; do read -r line; done`
  const stubborn = spawn('/bin/bash', ['-c', script, 'server', `--home-dir=${home}`], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(stubborn.stdout, 'data')
  writeDown(stubborn.pid!)
  expect(await detachedStatus(home)).toMatchObject({ running: true })
  const exited = once(stubborn, 'exit')
  expect(await stopDetached(home, { limit: 100 })).toMatchObject({ pid: stubborn.pid })
  expect(await exited).toEqual([null, 'SIGKILL'])
})
