import { join } from 'node:path'
import { z } from 'zod'
import type { DetachedServer } from '../neo4j/detached.ts'
import type { Connection } from '../neo4j/graph.ts'
import type { Authentication } from '../neo4j/neo4jInstance.ts'
import { defineCommand, valued } from './command.ts'
import { serverDirectory } from './neo4jDirectory.ts'
import { formatFacts } from './table.ts'

const memory = z.string().regex(/^\d+[kmg]$/i, 'expected a size such as 512m')

/** `holdfast neo4j start` */
export const neo4jStartCommand = defineCommand({
  name: 'neo4j start',
  summary: 'start a Neo4j Community that only this machine can reach',
  description:
    'Installs it first where needed, and returns when it answers; it runs on until `holdfast neo4j stop`. ' +
    'Where a password is given the server asks for it, and a new server gets it; otherwise it asks for none.',
  settings: ['neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir', 'user', 'password', 'passwordFile'],
  options: {
    dir: serverDirectory,
    port: valued(z.coerce.number<string>().int().min(1).max(65_535), {
      placeholder: 'number',
      example: '7687',
      description: 'the port for Bolt; a free one unless given',
    }),
    heap: valued(memory, { placeholder: 'size', example: '1g', default: '1g', description: 'memory for its objects' }),
    pageCache: valued(memory, {
      placeholder: 'size',
      example: '256m',
      default: '256m',
      description: 'memory for pages of its store',
    }),
  },
  examples: [
    { command: 'holdfast neo4j start --dir /tmp/graph', purpose: 'a server to try things on; its data is in /tmp/graph/data' },
    { command: 'holdfast neo4j start --dir /tmp/graph --port 7687 --json', purpose: 'at the usual port, for a script' },
  ],
  fails: ['neo4j-unavailable', 'refused'],
  run: async ({ options, services, progress, signal }): Promise<DetachedServer> => {
    const { startDetached } = await import('../neo4j/detached.ts')
    return startDetached({
      installation: await services.installation(),
      home: options.dir,
      dataDir: join(options.dir, 'data'),
      boltPort: options.port,
      heap: options.heap,
      pageCache: options.pageCache,
      // It is here to stay, so it may take a second longer to start and be faster afterwards.
      javaOptions: [],
      authentication: authenticationOf(services.connection()),
      signal,
      onProgress: progress,
    })
  },
  text: ({ version, uri, pid, dataDir }) =>
    formatFacts([
      ['neo4j', `${version} Community`],
      ['uri', uri],
      ['process', String(pid)],
      ['data', dataDir],
    ]),
})

function authenticationOf({ user, password }: Connection): Authentication {
  return user === undefined || password === undefined ? 'none' : { user, password }
}
