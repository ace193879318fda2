import { repositoryName } from '../repository/names.ts'
import { defineCommand } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'
import { formatFacts, formatTable } from './table.ts'

/** `holdfast doctor` */
export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'try whether the place of a repository does what a repository needs',
  description:
    'Writes, reads, lists and deletes objects of its own, below `probes/`, and tries to overwrite them, which the place must refuse; ' +
    'in a bucket also an upload in parts, the encryption and the lock that are asked for, whether a lock is not asked for that the repository has, and whether a rule of the bucket removes or archives what is stored, which is called not known where the bucket does not tell. A bucket tells what it is set up for. ' +
    'There need not be a repository yet, and one that is there is not touched.',
  settings: repositorySettings,
  examples: [
    { command: 'holdfast doctor --repo s3://my-bucket/backups --region eu-central-1', purpose: 'before the first backup' },
    { command: 'holdfast doctor --repo /backups', purpose: 'whether a file system will do' },
  ],
  fails: ['integrity', 'repository', 'refused'],
  run: async ({ services, signal }) => {
    const { probeStorage } = await import('../storage/probe.ts')
    const storage = services.storage()
    const probes = await probeStorage(storage, { thorough: true, signal })
    const forgotten = await storage.forgottenLock?.(repositoryName, { signal })
    if (forgotten !== undefined)
      probes.push({ name: 'lock as before', ok: false, found: `the repository is locked, ${forgotten}; object-lock is not set` })
    const facts = (await storage.facts?.({ signal })) ?? []
    for (const { warning } of facts) if (warning !== undefined) services.log.warn(warning)
    return {
      location: storage.location,
      ok: probes.every(({ ok }) => ok),
      probes,
      facts,
      requests: storage.requestCounts?.() ?? {},
    }
  },
  text: ({ location, ok, probes, facts }) =>
    [
      `${location}: ${ok ? 'good for a repository' : 'NOT good for a repository'}${ok && probes.some(({ unknown }) => unknown) ? ', but for what is not known' : ''}`,
      formatTable(probes, [
        { title: 'tried', value: ({ name }) => name },
        { title: 'result', value: ({ ok: isGood, unknown }) => (unknown ? 'not known' : isGood ? 'good' : 'BAD') },
        { title: 'found', value: ({ found }) => found ?? '' },
      ]),
      ...(facts.length > 0 ? [formatFacts(facts.map(({ name, found }) => [name, found] as const))] : []),
    ].join('\n\n'),
  failure: ({ ok }) => (ok ? undefined : 'refused'),
})
