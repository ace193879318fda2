import { execFile } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { mavenEnvironment } from '../../src/config/environment.ts'
import { installedNeo4j, installNeo4j } from '../../src/neo4j/install.ts'
import { classArchivePath } from '../../src/neo4j/javaCommand.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { withFolder } from '../support/neo4j.ts'

const version = namedVersions.oldest
const installer = join(import.meta.dirname, '..', 'support', 'neo4jInstaller.ts')

/** Installs in a process of its own. */
async function installIn(cacheDir: string): Promise<{ lib: string; phases: string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [installer, cacheDir, version])
  return JSON.parse(stdout) as { lib: string; phases: string[] }
}

test('two processes install the same version at once; the third finds it there, whole or mended', async () => {
  await withFolder('neo4j-install', async (cacheDir) => {
    const root = join(cacheDir, 'neo4j')
    const both = await Promise.all([installIn(cacheDir), installIn(cacheDir)])
    for (const { lib, phases } of both) {
      expect(lib).toBe(join(root, version, 'lib'))
      expect(phases).toContain(`download Neo4j ${version}`)
    }
    expect(readdirSync(root)).toEqual([version])

    const present = await installedNeo4j({ cacheDir, version })
    expect(present).toMatchObject({ version, java: { major: 17 } })
    expect(existsSync(classArchivePath(present!)!)).toBe(true)
    const phases: string[] = []
    const onProgress = ({ phase }: { phase: string }): unknown => phases.push(phase)
    const options = { cacheDir, version, onProgress, mavenEnvironment: mavenEnvironment(process.env) }
    await installNeo4j(options)
    expect(phases).toEqual([])

    rmSync(join(root, version, 'lib', `neo4j-kernel-${version}.jar`))
    expect(await installedNeo4j({ cacheDir, version })).toBeUndefined()
    await installNeo4j(options)
    expect(phases).toContain(`download Neo4j ${version}`)
    expect(await installedNeo4j({ cacheDir, version })).toMatchObject({ version })
  })
})
