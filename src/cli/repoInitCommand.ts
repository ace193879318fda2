import { defineCommand } from './command.ts'
import { repositorySettings } from './repositorySettings.ts'

/** `holdfast repo init` */
export const repoInitCommand = defineCommand({
  name: 'repo init',
  summary: 'make a new repository',
  description:
    'With a passphrase or a key file everything in it is encrypted (AES-256-GCM). Keep a copy of either in another place: ' +
    'nobody can read the backups without it. A repository that exists is never changed. Before anything else it is tried whether the place ' +
    'refuses to overwrite, in a bucket uploads in parts too, and that no rule of the bucket removes or archives what is stored; `holdfast doctor` tries more.',
  settings: repositorySettings,
  examples: [
    { command: 'holdfast repo init --repo /backups --passphrase-file /etc/holdfast/passphrase', purpose: 'an encrypted one' },
    {
      command: 'head -c 32 /dev/urandom > /etc/holdfast/key; holdfast repo init --repo /backups --key-file /etc/holdfast/key',
      purpose: 'one that a key file opens, which nobody can guess',
    },
    {
      command: 'holdfast repo init --repo s3://my-bucket/backups --sse aws:kms --passphrase-file /etc/holdfast/passphrase',
      purpose: 'one in a bucket, encrypted here and there',
    },
    { command: 'holdfast repo init --repo /backups', purpose: 'one that everybody who can read the files can read' },
  ],
  fails: ['integrity', 'repository', 'refused'],
  run: async ({ services: { storage, repositoryKey, clock, log }, signal }) => {
    const { initRepository } = await import('../repository/repository.ts')
    const { probeStorage, requireProbes } = await import('../storage/probe.ts')
    const encryption = repositoryKey()
    const probes = await probeStorage(storage(), { signal })
    requireProbes(storage(), probes)
    for (const { name, found, unknown } of probes)
      if (unknown)
        log.warn(
          `it is not known whether ${name}: ${found}; see for yourself that no rule of the bucket removes or archives objects of this repository`,
        )
    const { id } = await initRepository(storage(), { encryption, clock })
    return { id, location: storage().location, encrypted: encryption !== undefined }
  },
  text: ({ id, location, encrypted }) =>
    encrypted
      ? `made an encrypted repository ${id} at ${location}\n` +
        'keep a copy of its passphrase or key file in another place than this machine: without it nobody can read the backups'
      : `made an unencrypted repository ${id} at ${location}`,
})
