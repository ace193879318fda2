import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openInstallation } from '../../../src/neo4j/installation.ts'
import { isWhole, putInPlace, removeAbandoned, temporaryFolder, writeListing } from '../../../src/neo4j/installationFolder.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'holdfast-installation-'))))
afterEach(() => rmSync(root, { recursive: true }))

/** A folder with jar files of these names. */
function home(...jars: string[]): string {
  const folder = join(root, 'home')
  mkdirSync(join(folder, 'lib'), { recursive: true })
  for (const jar of jars) writeFileSync(join(folder, 'lib', jar), jar)
  return folder
}

describe('an existing installation', () => {
  test('is known by its jar files', async () => {
    const folder = home('neo4j-kernel-api-5.26.0.jar', 'neo4j-kernel-5.26.0.jar', 'asm-9.1.jar')
    const javaHome = join(root, 'java')
    mkdirSync(join(javaHome, 'bin'), { recursive: true })
    writeFileSync(join(javaHome, 'bin', 'java'), '')
    writeFileSync(join(javaHome, 'release'), 'JAVA_VERSION="17.0.1"\n')
    const installation = await openInstallation(folder, { javaHome, folders: [] })
    expect(installation).toMatchObject({ version: '5.26.0', java: { major: 17 } })
    expect(installation.classPath.split(':').map((path) => path.slice(folder.length))).toEqual([
      '/lib/asm-9.1.jar',
      '/lib/neo4j-kernel-5.26.0.jar',
      '/lib/neo4j-kernel-api-5.26.0.jar',
    ])
    expect(installation.archiveFolder).toBeUndefined()
  })

  test.each([
    ['not there', [], 'neo4j-unavailable', /no Neo4j in .*found 0 jar files/],
    ['Enterprise', ['neo4j-kernel-5.26.0.jar', 'neo4j-enterprise-kernel-5.26.0.jar'], 'refused', /Enterprise 5\.26\.0/],
    ['too old', ['neo4j-kernel-4.4.10.jar'], 'refused', /too old/],
    ['too new', ['neo4j-kernel-2031.01.0.jar'], 'refused', /newer/],
  ])('that is %s is refused', async (_, jars, code, message) => {
    await expect(openInstallation(home(...jars))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('an installation of our own', () => {
  /** Assembles an installation in a temporary folder. */
  async function assembled(): Promise<string> {
    const folder = temporaryFolder(root, '5.26.0')
    cpSync(home('neo4j-kernel-5.26.0.jar', 'asm-9.1.jar'), folder, { recursive: true })
    await writeListing(folder, '5.26.0')
    return folder
  }

  test('is whole only with its listing and every jar file in full', async () => {
    const folder = await assembled()
    expect(await isWhole(folder)).toBe(true)
    truncateSync(join(folder, 'lib', 'asm-9.1.jar'), 3)
    expect(await isWhole(folder)).toBe(false)
    rmSync(join(folder, 'lib', 'asm-9.1.jar'))
    expect(await isWhole(folder)).toBe(false)
    expect(await isWhole(home('neo4j-kernel-5.26.0.jar'))).toBe(false)
  })

  test('whoever comes second leaves the first one alone', async () => {
    const final = join(root, '5.26.0')
    const [first, second] = [await assembled(), await assembled()]
    await putInPlace(first, final)
    writeFileSync(join(final, 'mine'), '')
    await putInPlace(second, final)
    expect(existsSync(join(final, 'mine'))).toBe(true)
  })

  test('a damaged one is replaced', async () => {
    const final = join(root, '5.26.0')
    await putInPlace(await assembled(), final)
    truncateSync(join(final, 'lib', 'asm-9.1.jar'), 3)
    await putInPlace(await assembled(), final)
    expect(await isWhole(final)).toBe(true)
    expect(readdirSync(root).toSorted()).toEqual(['5.26.0', 'home'])
  })

  test('what a killed installer left is removed after hours, not what one is filling', async () => {
    const [old, fresh] = [await assembled(), await assembled()]
    const long = new Date(Date.now() - 24 * 3600_000)
    utimesSync(old, long, long)
    await removeAbandoned(root)
    expect([existsSync(old), existsSync(fresh)]).toEqual([false, true])
  })
})
