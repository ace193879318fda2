import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a Neo4j is told when it runs from a scratch folder. */
export interface ServerConfiguration {
  /** The folder that gets `conf`, `logs`, `run`. */
  home: string
  dataDir: string
  /** On 127.0.0.1. */
  boltPort: number
  authentication: boolean
  /** Such as `64m`. */
  pageCache: string
  /** Settings of Neo4j that are stronger than those that follow from the rest. */
  settings: Readonly<Record<string, string>>
}

/**
 * What makes a Neo4j start and stop quickly. A name that a version does not know is only warned of, so one list serves all of them.
 * Without the zeros Neo4j waits up to 10 seconds for connections that nobody makes any more.
 */
const quick = {
  'server.config.strict_validation.enabled': 'false',
  'server.http.enabled': 'false',
  'server.https.enabled': 'false',
  'dbms.usage_report.enabled': 'false',
  'db.tx_log.preallocate': 'false',
  'internal.dbms.bolt.netty_server_shutdown_quiet_period': '0',
  'internal.dbms.bolt.netty_server_shutdown_quiet_period_duration': '0s',
}

/** Writes `conf/neo4j.conf` and makes the folders it names, for a server that only this machine can reach. */
export async function writeServerConfiguration(configuration: ServerConfiguration): Promise<void> {
  const { home, dataDir, boltPort, authentication, pageCache, settings } = configuration
  await writeConfiguration(join(home, 'conf'), {
    ...quick,
    ...directories(home, dataDir),
    'server.default_listen_address': '127.0.0.1',
    'server.default_advertised_address': '127.0.0.1',
    'server.bolt.listen_address': `127.0.0.1:${boltPort}`,
    'server.bolt.advertised_address': `127.0.0.1:${boltPort}`,
    'dbms.security.auth_enabled': String(authentication),
    'server.memory.pagecache.size': pageCache,
    ...settings,
  })
  for (const folder of ['logs', 'run', 'import']) await mkdir(join(home, folder), { recursive: true })
}

/** Writes a `neo4j.conf` for neo4j-admin into a folder. */
export async function writeAdminConfiguration(
  folder: string,
  { home, dataDir, settings }: Pick<ServerConfiguration, 'home' | 'dataDir' | 'settings'>,
): Promise<void> {
  await writeConfiguration(folder, {
    'server.config.strict_validation.enabled': 'false',
    'db.tx_log.preallocate': 'false',
    ...directories(home, dataDir),
    ...settings,
  })
}

/** The settings, of those given, that the log of a server says it does not know: mistyped, or of another version. */
export function unknownSettings(serverLog: string, settings: Readonly<Record<string, string>>): string[] {
  return Object.keys(settings).filter((name) => serverLog.includes(`No declared setting with name: ${name}.`))
}

function directories(home: string, dataDir: string): Record<string, string> {
  return {
    'server.directories.data': dataDir,
    'server.directories.logs': join(home, 'logs'),
    'server.directories.run': join(home, 'run'),
    'server.directories.import': join(home, 'import'),
    'server.directories.plugins': join(home, 'plugins'),
  }
}

async function writeConfiguration(folder: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'neo4j.conf'), lines.join(''), { mode: 0o600 })
}
