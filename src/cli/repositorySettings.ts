/** How a bucket is reached. */
const bucketSettings = ['region', 'endpoint', 'pathStyle', 'caFile', 'sse', 'kmsKey'] as const

/** The settings that every command needs that opens a repository. */
export const repositorySettings = [
  'repo',
  'passphrase',
  'passphraseFile',
  'keyFile',
  ...bucketSettings,
  'useSseKms',
  'objectLock',
  'objectLockDays',
] as const
