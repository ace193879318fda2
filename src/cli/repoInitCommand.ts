import { defineCommand } from './command.ts'

/** `holdfast repo init` */
export const repoInitCommand = defineCommand({
  name: 'repo init',
  summary: 'make a new repository',
  description:
    'With a passphrase or a key file everything in it is encrypted (AES-256-GCM). Keep a copy of either in another place: ' +
    'nobody can read the backups without it. A repository that exists is never changed.',
  settings: ['repo', 'passphrase', 'passphraseFile', 'keyFile'],
  examples: [
    { command: 'holdfast repo init --repo /backups --passphrase-file /etc/holdfast/passphrase', purpose: 'an encrypted one' },
    { command: 'holdfast repo init --repo /backups', purpose: 'one that everybody who can read the files can read' },
  ],
  fails: ['repository', 'refused'],
  run: async ({ services: { storage, repositoryKey, clock } }) => {
    const { initRepository } = await import('../repository/repository.ts')
    const encryption = repositoryKey()
    const { id } = await initRepository(storage(), { encryption, clock })
    return { id, location: storage().location, encrypted: encryption !== undefined }
  },
  text: ({ id, location, encrypted }) => `made ${encrypted ? 'an encrypted' : 'an unencrypted'} repository ${id} at ${location}`,
})
