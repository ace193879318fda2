import { HoldfastError } from '../core/errors.ts'
import { repositoryAround } from '../repository/findRepositories.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { explained, objectUri } from './remoteObject.ts'

/** @throws HoldfastError `refused` where uploads below a prefix would lie among the objects of a repository. */
export async function requireOutsideRepository(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<void> {
  const around = await explained(bucket, 'look for', 'a repository', signal, async () =>
    repositoryAround(bucket, prefix, { signal }),
  )
  if (around === undefined) return
  const repository = objectUri(bucket, around)
  throw new HoldfastError(
    'refused',
    `${prefix === around ? `${repository} is a repository` : `${objectUri(bucket, prefix)} lies in the repository ${repository}`}, where single files have no place`,
    { hint: 'give uploads a --prefix of their own, beside that of the repository' },
  )
}
