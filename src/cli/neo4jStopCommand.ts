import { defineCommand } from './command.ts'
import { serverDirectory } from './neo4jDirectory.ts'

interface StopResult {
  /** Whether there was a running server to stop. */
  stopped: boolean
  version?: string
  pid?: number
}

/** `holdfast neo4j stop` */
export const neo4jStopCommand = defineCommand({
  name: 'neo4j stop',
  summary: 'stop a Neo4j that `holdfast neo4j start` started',
  description: 'Waits until it has made its last checkpoint and is gone. Does nothing where none runs.',
  options: { dir: serverDirectory },
  examples: [{ command: 'holdfast neo4j stop --dir /tmp/graph', purpose: 'its data stays in /tmp/graph/data' }],
  run: async ({ options }): Promise<StopResult> => {
    const { stopDetached } = await import('../neo4j/detached.ts')
    const server = await stopDetached(options.dir)
    return server === undefined ? { stopped: false } : { stopped: true, version: server.version, pid: server.pid }
  },
  text: ({ stopped, version, pid }) => (stopped ? `stopped Neo4j ${version}, process ${pid}` : 'no Neo4j runs there'),
})
