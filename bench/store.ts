import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runAdmin } from '../src/neo4j/adminTool.ts'
import { connect } from '../src/neo4j/graph.ts'
import { mavenEnvironment } from '../src/config/environment.ts'
import { installNeo4j } from '../src/neo4j/install.ts'
import type { Installation } from '../src/neo4j/installation.ts'
import { startNeo4j } from '../src/neo4j/instance.ts'
import { writeSampleCsv } from './sampleGraph.ts'

/** Where installations are kept. */
export const benchCache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast')

/** Where benchmarks keep what takes long to make. */
export const benchFolder = join(benchCache, 'bench')

/** A data directory to measure with. */
export interface BenchStore {
  installation: Installation
  dataDir: string
  nodes: number
}

/**
 * A data directory with this many nodes with text and twice as many relationships, made with `neo4j-admin database import` and started once;
 * kept between runs. A million and a half nodes are about 1.1 GB.
 */
export async function benchStore(nodes: number): Promise<BenchStore> {
  const installation = await installNeo4j({
    version: 'lts',
    cacheDir: benchCache,
    mavenEnvironment: mavenEnvironment(process.env),
  })
  const dataDir = join(benchFolder, `${installation.version}-${nodes}`)
  const there = await access(dataDir).then(
    () => true,
    () => false,
  )
  if (!there) await make(installation, dataDir, nodes)
  return { installation, dataDir, nodes }
}

async function make(installation: Installation, dataDir: string, nodes: number): Promise<void> {
  const work = `${dataDir}.making`
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  const csv = join(work, 'csv')
  process.stderr.write(`making a store of ${nodes} nodes\n`)
  await writeSampleCsv(csv, nodes, 2 * nodes)
  const place = { home: join(work, 'admin'), dataDir: join(work, 'data') }
  // The database comes first: `--nodes` takes every word that follows it for one of its files.
  const files = [`--nodes=${join(csv, 'nodes.csv')}`, `--relationships=${join(csv, 'relationships.csv')}`]
  await runAdmin(installation, place, ['database', 'import', 'full', 'neo4j', '--overwrite-destination=true', ...files])
  await rm(csv, { recursive: true })
  const server = await startNeo4j({ installation, home: join(work, 'home'), dataDir: place.dataDir, heap: '1g' })
  await server.stop()
  await rename(place.dataDir, dataDir)
  await rm(work, { recursive: true })
}

/** Changes one entity in a hundred of a copy of a store, at random places or next to each other. */
export async function changeOnePercent(
  { installation, nodes }: BenchStore,
  dataDir: string,
  where: 'random' | 'together',
): Promise<void> {
  const home = `${dataDir}.home`
  const server = await startNeo4j({ installation, home, dataDir, heap: '1g' })
  await using graph = await connect({ uri: server.boltUri, timeout: 600_000 })
  const count = Math.floor(nodes / 100)
  const id = where === 'random' ? `toInteger(rand() * ${nodes})` : `number + ${Math.floor(nodes / 3)}`
  await graph.query(
    `UNWIND range(1, ${count}) AS number WITH ${id} AS id MATCH (n) WHERE id(n) = id SET n.score = rand()`,
    {},
    { write: true },
  )
  await server.stop()
  await rm(home, { recursive: true, force: true })
}

/** A script that runs neo4j-admin as its own start script does, with all of Java's optimisation. */
export async function writeAdminScript({ installation }: BenchStore, folder: string, dataDir: string): Promise<string> {
  const conf = join(folder, 'conf')
  await mkdir(conf, { recursive: true })
  await writeFile(join(conf, 'neo4j.conf'), `server.directories.data=${dataDir}\ndbms.usage_report.enabled=false\n`)
  const opens = ['java.nio', 'java.io', 'sun.nio.ch', 'java.lang', 'java.util.concurrent']
    .map((name) => `--add-opens java.base/${name}=ALL-UNNAMED`)
    .join(' ')
  const script = join(folder, 'admin.sh')
  await writeFile(
    script,
    `NEO4J_HOME='${folder}' NEO4J_CONF='${conf}' exec '${installation.java.command}' -Xmx1g ${opens} -cp '${installation.lib}/*' org.neo4j.cli.AdminTool "$@"\n`,
  )
  return `bash ${script}`
}
