import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomId } from '../core/ids.ts'
import { hasSystemCode } from '../core/errors.ts'
import type { Installation } from './installation.ts'
import { startNeo4j } from './instance.ts'
import { classArchivePath, quickStart } from './javaCommand.ts'

/**
 * Starts a Neo4j once on an empty directory and keeps the classes it loaded in the form that Java maps into memory:
 * later starts take about two thirds of the time. It also proves that the installation works.
 * @throws HoldfastError as `startNeo4j`.
 */
export async function archiveClasses(
  installation: Installation,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const archive = classArchivePath(installation)
  if (archive === undefined) return
  const home = await mkdtemp(join(tmpdir(), 'holdfast-neo4j-'))
  const temporary = `${archive}.${randomId(4)}`
  try {
    const javaOptions = [...quickStart, `-XX:ArchiveClassesAtExit=${temporary}`]
    const instance = await startNeo4j({ installation, home, dataDir: join(home, 'data'), javaOptions, signal })
    await instance.stop()
    await putArchive(temporary, archive)
  } finally {
    await rm(home, { recursive: true, force: true })
    await rm(temporary, { force: true })
  }
}

/** A Java that cannot write an archive leaves none; then there is none to use, and nothing else changes. */
async function putArchive(temporary: string, archive: string): Promise<void> {
  try {
    await rename(temporary, archive)
  } catch (error) {
    if (!hasSystemCode(error, 'ENOENT')) throw error
  }
}
