import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { keyPrefix, type S3Place, s3Uri } from '../../core/s3Uri.ts'
import { checkName, checkPrefix, isSegment } from '../names.ts'
import type { Storage, StorageOptions, StoredObject } from '../storage.ts'
import { ObjectExistsError, ObjectMissingError } from '../storageErrors.ts'
import { type Bucket, openBucket } from './bucket.ts'
import { explaining } from './explaining.ts'
import { bucketFacts, endangering } from './facts.ts'
import { answered, s3Failure, statusOf } from './failures.ts'
import { headObject, isAbsent } from './head.ts'
import { listKeys } from './list.ts'
import { deliberateLock, extendLock, requireExtended, requireLocked } from './lock.ts'
import type { S3Options } from './options.ts'
import { putObject } from './put.ts'
import { readObject } from './read.ts'
import { sendOptions } from './request.ts'

/** Keeps objects in a bucket, below a prefix. Nothing is sent before the first use. */
export function s3Storage(place: S3Place, options: S3Options): Storage {
  const bucket = openBucket(place.bucket, options)
  const location = s3Uri(place)
  const base = keyPrefix(place.prefix)

  const attempt = async <Result>(doing: string, name: string, options: StorageOptions, work: () => Promise<Result>) =>
    explaining({ doing, name, location }, options, work)

  let isLocking = false
  let isExtending = false

  const keep: Storage['keep'] = async (name, options = {}) => {
    checkName(name)
    const lock = await attempt('lock', name, options, async () => extendLock(bucket, base + name, options))
    if (lock === 'absent') throw new ObjectMissingError(location, name)
    if (lock === 'long enough' || isExtending) return
    await attempt('lock', name, options, async () => requireExtended(bucket, base + name, options))
    isExtending = true
  }

  const forgottenLock: Storage['forgottenLock'] = async (name, options = {}) => {
    checkName(name)
    const found = await attempt('look at', name, options, async () => deliberateLock(bucket, base + name, options))
    return found && `${found.mode.toLowerCase()} until ${found.until}`
  }

  return {
    location,
    ...(bucket.lock === undefined ? {} : { keep }),
    ...(bucket.lock === undefined && !options.isUnlockedMeant ? { forgottenLock } : {}),
    facts: async (options = {}) => bucketFacts(bucket, options),
    danger: async (options = {}) =>
      attempt('ask for', 'the rules of the bucket', options, async () => endangering(bucket, place.prefix, options)),
    requestCounts: () => bucket.requests,

    async put(name, body, options = {}) {
      checkName(name)
      const stored = await letBodyErrorsThrough(body, async (watched) =>
        attempt('write', name, options, async () => putObject(bucket, base + name, watched, { ...options, onlyNew: true })),
      )
      if (stored === undefined) throw new ObjectExistsError(location, name)
      if (bucket.lock === undefined || isLocking || options.shortLived) return
      // There are servers that take the headers of a lock and lock nothing.
      await attempt('lock', name, options, async () => requireLocked(bucket, base + name, stored.own))
      isLocking = true
    },

    async *get(name, rest = {}) {
      checkName(name)
      try {
        yield* readObject(bucket, base + name, rest)
      } catch (error) {
        rest.signal?.throwIfAborted()
        const isMissing = statusOf(error) === 404 && !answered(error, 'NoSuchBucket')
        if (isMissing || (await isAbsent(bucket, base + name, error, rest))) throw new ObjectMissingError(location, name)
        throw s3Failure({ doing: 'read', name, location }, error)
      }
    },

    async stat(name, options = {}) {
      checkName(name)
      const found = await attempt('look at', name, options, async () => headObject(bucket, base + name, options))
      return found && { name, size: found.ContentLength ?? 0, modified: found.LastModified ?? new Date(0) }
    },

    async *list(prefix, options = {}) {
      checkPrefix(prefix)
      try {
        yield* listObjects(bucket, base, prefix, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        throw s3Failure({ doing: 'list', name: prefix === '' ? 'objects' : prefix, location }, error)
      }
    },

    async delete(name, options = {}) {
      checkName(name)
      await attempt('delete', name, options, async () => {
        const request = new DeleteObjectCommand({ Bucket: bucket.name, Key: base + name })
        await bucket.client.send(request, sendOptions(options))
      })
    },
  }
}

/** What the body itself throws comes through unchanged, whatever becomes of it on the way. */
async function letBodyErrorsThrough<Result>(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  put: (body: Uint8Array | AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  if (body instanceof Uint8Array) return put(body)
  let own: { error: unknown } | undefined
  const watched = async function* () {
    try {
      yield* body
    } catch (error) {
      own = { error }
      throw error
    }
  }
  try {
    return await put(watched())
  } catch (error) {
    throw own === undefined ? error : own.error
  }
}

async function* listObjects(bucket: Bucket, base: string, prefix: string, options: StorageOptions): AsyncGenerator<StoredObject> {
  for await (const { Key: key = '', Size: size = 0, LastModified: modified = new Date(0) } of listKeys(
    bucket,
    base + prefix,
    options,
  )) {
    const name = key.slice(base.length)
    // What has no name that an object could have is none of ours.
    if (name.split('/').every(isSegment)) yield { name, size, modified }
  }
}
