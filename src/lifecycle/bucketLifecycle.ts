import { type LifecycleRule, PutBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3'
import type { S3Place } from '../core/s3Uri.ts'
import { HoldfastError } from '../core/errors.ts'
import { type FoundRepositories, findRepositories } from '../repository/findRepositories.ts'
import { type Bucket, openBucket } from '../storage/s3/bucket.ts'
import { type BucketRules, readRules } from '../storage/s3/bucketRules.ts'
import { answered } from '../storage/s3/failures.ts'
import { explaining } from '../storage/s3/explaining.ts'
import type { S3Options } from '../storage/s3/options.ts'
import { sendOptions } from '../storage/s3/request.ts'
import { afterChanges, type LeftOut, leftOut, type RuleChange } from './change.ts'

interface Options {
  signal?: AbortSignal
}

/** The lifecycle of a bucket, and what lies at a place in it. */
export interface BucketLifecycle {
  /** @throws HoldfastError `repository` where the bucket cannot be asked. */
  rules(options?: Options): Promise<LifecycleRule[]>
  /** The repositories that a rule for this place would reach. @throws HoldfastError as `rules`. */
  repositories(options?: Options): Promise<FoundRepositories>
  /**
   * Sets the rules of the bucket, and reads them back.
   * @returns what the server did not keep of what was set.
   * @throws HoldfastError as `rules`, `failed` where someone else's rule is not there any more afterwards.
   */
  set(changes: readonly RuleChange[], options?: Options): Promise<LeftOut[]>
}

/** Opens the lifecycle of a bucket; nothing is sent yet. */
export function bucketLifecycle(place: S3Place, options: S3Options): BucketLifecycle {
  const bucket = openBucket(place.bucket, options)

  const attempt = async <Result>(doing: string, name: string, rest: Options, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await explaining({ doing, name, location: bucket.location }, rest, work)
    } catch (error) {
      throw explained(error)
    }
  }
  const read = async (rest: Options): Promise<BucketRules> =>
    attempt('read', 'the lifecycle', rest, async () => readRules(bucket, rest))

  return {
    rules: async (rest = {}) => (await read(rest)).rules,
    repositories: async (rest = {}) =>
      attempt('look for', 'a repository', rest, async () => findRepositories(bucket, place.prefix, rest)),
    async set(changes, rest = {}) {
      const { smallest } = await read(rest)
      const Rules = afterChanges(changes)
      await attempt('set', 'the lifecycle', rest, async () =>
        bucket.client.send(
          new PutBucketLifecycleConfigurationCommand({
            Bucket: bucket.name,
            LifecycleConfiguration: { Rules },
            ...(smallest === undefined ? {} : { TransitionDefaultMinimumObjectSize: smallest }),
          }),
          sendOptions(rest),
        ),
      )
      const { rules: stored } = await read(rest)
      requireKept(bucket, changes, stored)
      return leftOut(Rules, stored)
    },
  }
}

function requireKept({ location }: Bucket, changes: readonly RuleChange[], stored: readonly LifecycleRule[]): void {
  const lost = changes.filter(({ change, rule }) => change === 'kept' && !stored.some(({ ID }) => ID === rule.ID))
  if (lost.length === 0) return
  const names = lost.map(({ rule }) => rule.ID ?? 'a rule without a name').join(', ')
  throw new HoldfastError(
    'failed',
    `the lifecycle of ${location} is set, but what was there before is not there any more: ${names}`,
    {
      hint: 'somebody may have changed it at the same time: look at it, and set what is missing again',
    },
  )
}

/** What the role lacks is another right than for objects. */
function explained(failure: unknown): unknown {
  if (!(failure instanceof HoldfastError) || !answered(failure.cause, 'AccessDenied')) return failure
  return new HoldfastError(failure.code, failure.message, {
    hint: 'give the role s3:GetLifecycleConfiguration, s3:PutLifecycleConfiguration and s3:ListBucket for the bucket; without --bucket the rules are only printed',
    cause: failure.cause,
  })
}
