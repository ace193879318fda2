import { z } from 'zod'
import type { DemoReport } from '../demo/demoReport.ts'
import { type Command, type CommandDefinition, defineCommand, valued } from './command.ts'
import { formatDuration } from './durations.ts'
import { formatRate, formatSize } from './sizes.ts'
import { formatFacts } from './table.ts'

const options = {
  data: valued(z.string().min(1), {
    placeholder: 'dir',
    description: 'leave everything in this directory to look at; it must be empty or not exist',
  }),
  entities: valued(z.coerce.number<string>().int().min(100).max(10_000_000), {
    placeholder: 'number',
    example: '30000',
    default: 30_000,
    description: 'how many entities the graph has',
  }),
}

type Run = CommandDefinition<Record<never, never>, typeof options, DemoReport>['run']

/** `holdfast demo` */
export const demoCommand = demoThat(async ({ options: { data, entities }, services, progress, signal }) => {
  const { runDemo } = await import('../demo/demo.ts')
  return runDemo({
    installation: await services.installation(),
    directory: data,
    newRepository: services.newRepositoryIn,
    entities,
    clock: services.clock,
    progress,
    signal,
  })
})

/** The command, given what does its work. */
export function demoThat(run: Run): Command {
  return defineCommand({
    name: 'demo',
    summary: 'see the whole job done once, on a Neo4j of its own',
    description:
      'Installs and boots a real Neo4j Community, loads a graph, keeps writing to it, takes two hot backups meanwhile, destroys the database, ' +
      'restores the second backup, and checks what came back. Then it finds the transaction in which someone deleted what was precious, and ' +
      'restores to just before it. Takes under two minutes once Neo4j is installed.',
    settings: ['neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
    options,
    examples: [
      { command: 'holdfast demo', purpose: 'and nothing is left of it' },
      {
        command: 'holdfast demo --data /tmp/holdfast-demo --json',
        purpose: 'look at the repository and the restored data afterwards',
      },
    ],
    fails: ['neo4j-unavailable', 'validation', 'refused'],
    run,
    text: formatDemo,
    failure: ({ verdict }) => (verdict === 'bad' ? 'validation' : undefined),
  })
}

function formatDemo({ neo4j, backups, writes, counts, restore, mistake, verdict, directory }: DemoReport): string {
  const { destroyed, restored } = counts
  return formatFacts([
    ['neo4j', `${neo4j} Community, written to all the time`],
    ...backups.map(
      ({ size, storedBytes, milliseconds, lastTransaction }, index) =>
        [
          `backup ${index + 1}`,
          `${formatSize(size)} in ${formatDuration(milliseconds)} (${formatRate(size, milliseconds)}), stored ${formatSize(storedBytes)}, up to transaction ${lastTransaction}`,
        ] as const,
    ),
    ['destroyed', `${destroyed.nodes} nodes, ${destroyed.relationships} relationships, ${writes.confirmedAtEnd} numbered writes`],
    [
      'restored',
      `${restored.nodes} nodes, ${restored.relationships} relationships in ${formatDuration(restore.durations.materialise)}`,
    ],
    [
      'writes',
      `1 to ${writes.restored.last} are back without a gap (${writes.restored.count}); ${writes.confirmedBefore} were confirmed when backup 2 began, ${writes.begunAfter} begun when it ended`,
    ],
    ...restore.checks.map(
      ({ database, name, passed, detail }) => [passed ? 'passed' : 'FAILED', `${database}: ${name}: ${detail}`] as const,
    ),
    ['mistake', `someone deleted all ${mistake.deleted} nodes of a label, after the second backup`],
    [
      'found',
      mistake.found
        ? `in the archived log: transaction ${mistake.found.transaction} of ${mistake.found.committed} deleted ${mistake.found.deleted} nodes of ${mistake.found.label}`
        : 'NOT in the archived log',
    ],
    [
      'undone',
      `restored to just before it: writes 1 to ${mistake.restored.last} are back without a gap (${mistake.restored.count} of ${mistake.writtenBefore}), checks ${mistake.restore?.verdict ?? 'not made'}`,
    ],
    ['directory', directory],
    ['verdict', verdict],
  ])
}
