import { cp, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { mavenEnvironment } from '../../src/config/environment.ts'
import type { Graph } from '../../src/neo4j/graph.ts'
import { installNeo4j } from '../../src/neo4j/install.ts'
import type { Installation } from '../../src/neo4j/installation.ts'
import { type StartOptions, startNeo4j } from '../../src/neo4j/instance.ts'
import type { Neo4jInstance } from '../../src/neo4j/neo4jInstance.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'

/** The versions that scenarios run on. */
export const testedVersions = Object.values(namedVersions)

/** Where installations are kept between runs, as for a user. */
export const cacheDir = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast')

/** Where the data of a failed test is kept to be looked at. */
const failedDir = join(import.meta.dirname, '..', '..', '.failed')

const installations = new Map<string, Promise<Installation>>()

/** The installation of a version, installed at its first use. */
export async function installed(version: string): Promise<Installation> {
  const present =
    installations.get(version) ?? installNeo4j({ version, cacheDir, mavenEnvironment: mavenEnvironment(process.env) })
  installations.set(version, present)
  return present
}

/** Runs a test with a folder of its own, which is removed when it passes and kept in `.failed` when it fails. */
export async function withFolder<Result>(name: string, run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), `holdfast-${name}-`))
  try {
    return await run(folder)
  } catch (error) {
    await cp(folder, join(failedDir, name), { recursive: true, force: true, verbatimSymlinks: true })
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A running Neo4j and all that belongs to it. */
export interface RunningNeo4j {
  installation: Installation
  instance: Neo4jInstance
  graph: Graph
  /** The test's own folder; `data` and `home` in it are the server's. */
  folder: string
  dataDir: string
  home: string
}

type ServerOptions = Omit<Partial<StartOptions>, 'installation' | 'home' | 'dataDir'>

/** Starts the Neo4j of a folder made by {@link withFolder}; whoever asks for it stops it. */
export async function startIn(folder: string, version: string, options: ServerOptions = {}): Promise<Neo4jInstance> {
  const installation = await installed(version)
  return startNeo4j({ installation, home: join(folder, 'home'), dataDir: join(folder, 'data'), ...options })
}

/** Runs a test on a fresh Neo4j, which is stopped afterwards, and whose files are kept when the test fails. */
export async function withNeo4j<Result>(
  version: string,
  options: ServerOptions,
  run: (neo4j: RunningNeo4j) => Promise<Result>,
): Promise<Result> {
  return withFolder(`neo4j-${version}`, async (folder) => {
    await using instance = await startIn(folder, version, options)
    await using graph = await instance.connect()
    const { dataDir, home } = instance
    return await run({ installation: await installed(version), instance, graph, folder, dataDir, home })
  })
}
