/** The settings that every command needs that opens a repository. */
export const repositorySettings = ['repo', 'passphrase', 'passphraseFile', 'keyFile'] as const
