import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isRunning, storeDirectory } from '../../src/neo4j/dataDirectory.ts'
import { connect } from '../../src/neo4j/graph.ts'
import { commandLineOf } from '../../src/neo4j/commandLine.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

const version = namedVersions.lts

test('[neo4j.contained] the server does not outlive a parent that is killed', async () => {
  await withFolder('neo4j-parent', async (folder) => {
    const program = join(import.meta.dirname, '..', 'support', 'neo4jParent.ts')
    const parent = spawn(process.execPath, [program, folder, version], { stdio: ['ignore', 'pipe', 'inherit'] })
    const pid = Number(String((await once(parent.stdout, 'data'))[0]))
    expect(await commandLineOf(pid)).toContain('org.neo4j.server')
    expect(await isRunning(join(folder, 'data'))).toBe(true)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    await expect.poll(async () => commandLineOf(pid), { timeout: 10_000 }).toBeUndefined()
    await expect.poll(async () => isRunning(join(folder, 'data')), { timeout: 10_000 }).toBe(false)
  })
})

describe('a start that cannot succeed says why, at once, and leaves nothing running', () => {
  test('a port that is taken', async () => {
    await withFolder('neo4j-port', async (folder) => {
      const occupant = createServer().listen(0, '127.0.0.1')
      await once(occupant, 'listening')
      const { port } = occupant.address() as AddressInfo
      try {
        await expect(startIn(folder, version, { boltPort: port })).rejects.toMatchObject({
          code: 'neo4j-unavailable',
          message: expect.stringMatching(/already in use/i),
        })
      } finally {
        occupant.close()
      }
      expect(await isRunning(join(folder, 'data'))).toBe(false)
    })
  })

  test('a setting that Neo4j does not know, a data directory in use, a damaged store, an abort', async () => {
    await withFolder('neo4j-refused', async (folder) => {
      const settings = { 'db.checkpoint.intervall': '1s' }
      await expect(startIn(folder, version, { settings })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('db.checkpoint.intervall'),
      })
      expect(await isRunning(join(folder, 'data'))).toBe(false)

      const instance = await startIn(folder, version)
      await expect(startIn(folder, version)).rejects.toMatchObject({ code: 'refused' })
      expect(await instance.stop()).toBe(true)
      expect(await instance.exited).toEqual({ code: 0, signal: null })

      const interruption = new AbortController()
      const interrupted = startIn(folder, version, {
        signal: interruption.signal,
        onSpawn: async () => interruption.abort(new Error('enough')),
      })
      await expect(interrupted).rejects.toThrow('enough')
      expect(await isRunning(join(folder, 'data'))).toBe(false)

      rmSync(join(storeDirectory(join(folder, 'data'), 'neo4j'), 'neostore.nodestore.db'))
      await expect(startIn(folder, version)).rejects.toMatchObject({
        code: 'neo4j-unavailable',
        message: expect.stringContaining('neo4j'),
      })
      expect(await isRunning(join(folder, 'data'))).toBe(false)
    })
  })
})

test('a server with a password lets in who has it, keeps it over a restart, and shows it nowhere', async () => {
  await withFolder('neo4j-password', async (folder) => {
    const password = { reveal: () => 'correct horse' }
    const authentication = { user: 'neo4j', password }
    for (let start = 1; start <= 2; start++) {
      await using instance = await startIn(folder, version, { authentication })
      await using graph = await instance.connect()
      expect(await graph.databaseNames()).toEqual(['neo4j', 'system'])
      expect(await commandLineOf(instance.pid)).not.toContain('horse')
      await expect(connect({ uri: instance.boltUri })).rejects.toMatchObject({ code: 'neo4j-unavailable' })
      const wrong = connect({ uri: instance.boltUri, user: 'neo4j', password: { reveal: () => 'wrong battery' } })
      await expect(wrong).rejects.toMatchObject({
        message: expect.not.stringContaining('battery'),
        hint: expect.stringContaining('password'),
      })
    }
  })
})

test('a server that is not there is unavailable, soon', async () => {
  await expect(connect({ uri: 'bolt://127.0.0.1:1' })).rejects.toMatchObject({ code: 'neo4j-unavailable' })
})
