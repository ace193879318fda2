import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadDump } from '../../../src/artifact/loadDump.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
})
afterEach(() => rmSync(home, { recursive: true }))

/** Loads with a program in the place of Java that says what a real one said, and ends as it did. */
async function loadSaying(text: string): Promise<string | undefined> {
  const command = join(home, 'java')
  writeFileSync(join(home, 'said'), text)
  writeFileSync(command, `#!/bin/sh\ncat ${join(home, 'said')}\nexit 1\n`)
  chmodSync(command, 0o755)
  mkdirSync(join(home, 'dump'))
  const java = { command, version: '17.0.15', major: 17 }
  const installation = { version: '5.26.30', lib: home, classPath: home, java }
  return loadDump(installation, { home, dataDir: join(home, 'data') }, { database: 'neo4j', folder: join(home, 'dump') })
}

const refused = (why: string): string =>
  `Failed to load database 'neo4j': ${why}\nLoad failed for databases: 'neo4j'\nRun with '--verbose' for a more detailed error message.\n`

test.each(['Not a valid Neo4j archive: /w/dump/neo4j.dump', 'Unable to load database: ZstdIOException: Truncated source'])(
  '[artifact.verify] a dump is bad where neo4j-admin says: %s',
  async (why) => {
    expect(await loadSaying(refused(why))).toContain(why)
  },
)

test.each([
  ['memory', 'Error occurred during initialization of VM\nCould not reserve enough space for 1048576KB object heap\n'],
  [
    'its classes',
    'Error: Could not find or load main class org.neo4j.cli.AdminTool\nCaused by: java.lang.ClassNotFoundException\n',
  ],
  ['a heap to begin in', 'Error: A JNI error has occurred, please check your installation and try again\n'],
  ['a newer Java', 'Error: LinkageError occurred while loading main class\n\tjava.lang.UnsupportedClassVersionError\n'],
  ['any word', ''],
  ['a folder to write to', refused('Unable to write directory path [/w/data/databases/neo4j] for Neo4j store.')],
  ['room', refused('Unable to load database: IOException: No space left on device')],
  ['a volume to write to', refused('Unable to load database: FileSystemException: /w/neostore: Read-only file system')],
  ['a volume that takes large files', refused('Unable to load database: IOException: File too large')],
  ['file descriptors', refused('Unable to load database: FileSystemException: /w/neostore: Too many open files')],
  ['rights', refused('Unable to load database: AccessDeniedException: /w/neostore')],
])('[artifact.verify] nothing is said about a dump where what loads it lacks %s', async (_, text) => {
  await expect(loadSaying(text)).rejects.toMatchObject({ code: 'failed' })
})
