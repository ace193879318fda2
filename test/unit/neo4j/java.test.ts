import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findJava } from '../../../src/neo4j/java.ts'

let root: string
beforeEach(() => (root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-java-')))))
afterEach(() => rmSync(root, { recursive: true }))

/** A folder that looks like a Java of a version, either by its release file or only by what its command says. */
function java(name: string, version: string, { release = true } = {}): string {
  const home = join(root, name)
  mkdirSync(join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'bin', 'java'), `#!/bin/sh\necho 'openjdk version "${version}" 2025-04-15' >&2\n`)
  chmodSync(join(home, 'bin', 'java'), 0o755)
  if (release) writeFileSync(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`)
  return home
}

const installed = (): string[] => [join(root, 'jvm-*')]

test('the preferred Java is taken where it fits', async () => {
  const home = java('mine', '21.0.1')
  java('jvm-17', '17.0.15')
  expect(await findJava('5.26.30', { javaHome: home, folders: installed() })).toEqual({
    command: join(home, 'bin', 'java'),
    version: '21.0.1',
    major: 21,
  })
})

test('where it does not fit, the one on the path is, then the best installed one', async () => {
  const javaHome = java('mine', '11.0.2')
  const onPath = join(java('other', '17.0.1'), 'bin')
  java('jvm-21', '21.0.1')
  java('jvm-17', '17.0.15')
  const search = { javaHome, folders: installed() }
  expect(await findJava('5.26.30', { ...search, path: `${root}:${onPath}` })).toMatchObject({ version: '17.0.1' })
  expect(await findJava('5.26.30', search)).toMatchObject({ version: '17.0.15' })
  expect(await findJava('2026.09.0', search)).toMatchObject({ version: '21.0.1' })
})

test('a link on the path leads to the home of the Java', async () => {
  const home = java('real', '25.0.3')
  mkdirSync(join(root, 'bin'))
  symlinkSync(join(home, 'bin', 'java'), join(root, 'bin', 'java'))
  expect(await findJava('2026.09.0', { path: join(root, 'bin'), folders: [] })).toMatchObject({
    command: join(home, 'bin', 'java'),
    major: 25,
  })
})

test.each([
  ['17.0.15', 17],
  ['17', 17],
  ['17-ea', 17],
])('a Java without a release file is asked: %s', async (version, major) => {
  java('jvm-x', version, { release: false })
  expect(await findJava('5.13.0', { folders: installed() })).toMatchObject({ major, version })
})

test('absence names what is needed and what was found', async () => {
  const old = java('jvm-8', '1.8.0_452')
  java('jvm-11', '11.0.2')
  mkdirSync(join(root, 'jvm-empty'))
  await expect(findJava('2026.09.0', { folders: installed() })).rejects.toMatchObject({
    code: 'neo4j-unavailable',
    message: expect.stringMatching(/needs Java 21 or 25: found only .*11\.0\.2.*1\.8\.0_452/),
    hint: expect.stringContaining('JAVA_HOME'),
  })
  await expect(findJava('2026.09.0', { folders: installed() })).rejects.toThrow(join(old, 'bin', 'java'))
  await expect(findJava('5.13.0', { folders: [] })).rejects.toThrow('needs Java 17: found no Java at all')
})
