import { defineCommand } from './command.ts'
import { serverDirectory } from './neo4jDirectory.ts'
import { formatFacts } from './table.ts'

interface StatusResult {
  running: boolean
  version?: string
  uri?: string
  pid?: number
  dataDir?: string
  /** ISO 8601. */
  startedAt?: string
}

/** `holdfast neo4j status` */
export const neo4jStatusCommand = defineCommand({
  name: 'neo4j status',
  summary: 'tell whether a Neo4j that `holdfast neo4j start` started still runs, and where',
  description: 'Ends with 3 where none runs.',
  options: { dir: serverDirectory },
  examples: [{ command: 'holdfast neo4j status --dir /tmp/graph --json', purpose: 'its URI, for a script' }],
  fails: ['neo4j-unavailable'],
  run: async ({ options }): Promise<StatusResult> => {
    const { detachedStatus } = await import('../neo4j/detached.ts')
    return (await detachedStatus(options.dir)) ?? { running: false }
  },
  text: ({ running, version, uri, pid, dataDir, startedAt }) =>
    version === undefined
      ? 'no Neo4j was started there, or it was stopped'
      : formatFacts([
          ['neo4j', `${version} Community, ${running ? 'running' : 'not running any more'}`],
          ['uri', uri],
          ['process', String(pid)],
          ['data', dataDir],
          ['started', startedAt],
        ]),
  failure: ({ running }) => (running ? undefined : 'neo4j-unavailable'),
})
