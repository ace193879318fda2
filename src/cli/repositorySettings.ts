/** How a bucket is reached. */
export const reachSettings = ['region', 'endpoint', 'pathStyle', 'caFile'] as const

/** How a bucket is reached, and what is encrypted there. */
export const bucketSettings = [...reachSettings, 'sse', 'kmsKey'] as const

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
