import { keyPrefix } from '../core/s3Uri.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { answered } from '../storage/s3/failures.ts'
import { surelyHeadObject } from '../storage/s3/head.ts'
import { listKeys } from '../storage/s3/list.ts'
import type { StorageOptions } from '../storage/storage.ts'
import { repositoryName } from './names.ts'

/** Prefixes of the repositories that a rule for a prefix would reach. */
export interface FoundRepositories {
  /** Whether there is one at the prefix itself. */
  here: boolean
  /** The one that the prefix lies in. */
  around: string | undefined
  /** The first that lies below the prefix. */
  below: string | undefined
}

/** Looks for repositories at, around and below a prefix: by the object that makes a repository exist. */
export async function findRepositories(bucket: Bucket, prefix: string, options: StorageOptions): Promise<FoundRepositories> {
  if (await isAt(bucket, prefix, options)) return { here: true, around: undefined, below: undefined }
  for (const place of placesAround(prefix)) {
    if (await isAt(bucket, place, options)) return { here: false, around: place, below: undefined }
  }
  return { here: false, around: undefined, below: await firstBelow(bucket, keyPrefix(prefix), options) }
}

/**
 * The innermost repository that objects below a prefix lie in; undefined where there is none. A role that is bound to a prefix
 * may not look around it: what it may not see counts as none.
 */
export async function repositoryAround(bucket: Bucket, prefix: string, options: StorageOptions): Promise<string | undefined> {
  for (const place of [prefix, ...placesAround(prefix)]) {
    try {
      if (await isAt(bucket, place, options)) return place
    } catch (error) {
      if (!answered(error, 'AccessDenied')) throw error
    }
  }
  return undefined
}

async function isAt(bucket: Bucket, place: string, options: StorageOptions): Promise<boolean> {
  return (await surelyHeadObject(bucket, keyPrefix(place) + repositoryName, options)) !== undefined
}

/** The prefixes that hold this one, the innermost first; the last is the whole bucket. */
function placesAround(prefix: string): string[] {
  if (prefix === '') return []
  const parts = prefix.split('/')
  return parts.map((_, index) => parts.slice(0, index).join('/')).toReversed()
}

async function firstBelow(bucket: Bucket, base: string, options: StorageOptions): Promise<string | undefined> {
  const end = `/${repositoryName}`
  for await (const { Key: key = '' } of listKeys(bucket, base, options)) {
    if (key === base + repositoryName) return base.slice(0, -1)
    if (key.endsWith(end)) return key.slice(0, -end.length)
  }
  return undefined
}
