import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isRunning } from '../../src/neo4j/dataDirectory.ts'
import type { DetachedServer } from '../../src/neo4j/detached.ts'
import { connect } from '../../src/neo4j/graph.ts'
import { commandLineOf } from '../../src/neo4j/commandLine.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { holdfast, refusal, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { cacheDir, withFolder } from '../support/neo4j.ts'

const version = namedVersions.latest

test('the server outlives the command that started it, and start, status and stop tell the same', async () => {
  await withFolder('neo4j-commands', async (folder) => {
    const dir = join(folder, 'server')
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, 'correct horse\n')
    const start = ['neo4j', 'start', '--dir', dir, '--neo4j-version', version, '--password-file', passwordFile]
    expect(await holdfast('neo4j', 'status', '--dir', dir)).toMatchObject({ exitCode: 3, result: { running: false } })

    const started = resultOf(await startHoldfast(start).outcome) as DetachedServer
    const { pid, uri, dataDir } = started
    try {
      expect(started).toMatchObject({ version, dataDir: join(dir, 'data') })
      expect(await commandLineOf(pid)).not.toContain('horse')
      expect(await succeed('neo4j', 'status', '--dir', dir)).toEqual({ ...started, running: true })
      expect(await holdfast(...start)).toMatchObject(refusal('refused', uri))
      await using graph = await connect({ uri, user: 'neo4j', password: { reveal: () => 'correct horse' } })
      expect(await graph.serverInfo()).toEqual({ version, edition: 'community' })
    } finally {
      expect(await succeed('neo4j', 'stop', '--dir', dir)).toEqual({ stopped: true, version, pid })
    }
    expect(await commandLineOf(pid)).toBeUndefined()
    expect(await isRunning(dataDir)).toBe(false)
    expect(await succeed('neo4j', 'stop', '--dir', dir)).toEqual({ stopped: false })
  })
})

test('install tells what it has, and refuses what is not known to work', async () => {
  await withFolder('neo4j-commands', async (folder) => {
    expect(await succeed('neo4j', 'install', '--neo4j-version', 'latest')).toEqual({
      version,
      lib: join(cacheDir, 'neo4j', version, 'lib'),
      java: { version: expect.stringMatching(/^2[15]/), command: expect.stringMatching(/\/bin\/java$/) },
    })
    expect(await holdfast('neo4j', 'install', '--neo4j-version', '5.12.0')).toMatchObject(refusal('refused', /5\.13\.0/))
    const existing = join(cacheDir, 'neo4j', version)
    expect(await succeed('neo4j', 'install', '--neo4j-home', existing)).toMatchObject({ version })
    expect(await holdfast('neo4j', 'install', '--neo4j-home', folder)).toMatchObject(refusal('neo4j-unavailable', /no Neo4j in/))
  })
})
