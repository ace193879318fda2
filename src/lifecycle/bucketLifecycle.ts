import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type LifecycleRule, PutBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3'
import { HoldfastError } from '../core/errors.ts'
import { type FoundRepositories, findRepositories } from '../repository/findRepositories.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { type BucketRules, readRules } from '../storage/s3/bucketRules.ts'
import { answered } from '../storage/s3/failures.ts'
import { explaining } from '../storage/s3/explaining.ts'
import { sendOptions } from '../storage/s3/request.ts'
import { afterChanges, findRule, type LeftOut, leftOut, type RuleChange } from './change.ts'

interface Options {
  signal?: AbortSignal
}

/** Milliseconds before another look at what was set, doubled each time: some servers show it a moment later. */
const firstPause = 200
const looks = 5

/** The lifecycle of a bucket, and what lies at a place in it. */
export interface BucketLifecycle {
  /** The lifecycle as it is set. @throws HoldfastError `repository` where the bucket cannot be asked. */
  read(options?: Options): Promise<BucketRules>
  /** The repositories that a rule for this place would reach. @throws HoldfastError as `read`. */
  repositories(options?: Options): Promise<FoundRepositories>
  /**
   * Sets the rules of the bucket, and reads them back. S3 has no way to set them only where nobody has since changed them: just before,
   * they are compared with those that `read` told, which leaves a moment in which a change of somebody else is lost.
   * @returns what the server did not keep of what was set.
   * @throws HoldfastError as `read`, `refused` where they are not those any more that `read` told, or hold what would be lost by it,
   * `failed` where someone else's rule is not there any more afterwards.
   */
  set(changes: readonly RuleChange[], options?: Options): Promise<LeftOut[]>
}

/** Opens the lifecycle of a bucket, for a place in it; nothing is sent yet. */
export function bucketLifecycle(bucket: Bucket, prefix: string): BucketLifecycle {
  const attempt = async <Result>(doing: string, name: string, rest: Options, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await explaining({ doing, name, location: bucket.location }, rest, work)
    } catch (error) {
      throw explained(error)
    }
  }
  let told: LifecycleRule[] | undefined
  const current = async (rest: Options): Promise<BucketRules> =>
    attempt('read', 'the lifecycle', rest, async () => readRules(bucket, rest))

  return {
    async read(rest = {}) {
      const found = await current(rest)
      told = found.rules
      return found
    },
    repositories: async (rest = {}) =>
      attempt('look for', 'a repository', rest, async () => findRepositories(bucket, prefix, rest)),
    async set(changes, rest = {}) {
      const { rules: found, smallest, lost } = await current(rest)
      if (told !== undefined && !isDeepStrictEqual(found, told)) throw changedMeanwhile(bucket)
      if (lost.length > 0) throw wouldLose(bucket, lost)
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
      for (let look = 1; ; look++) {
        const { rules: stored } = await current(rest)
        const lacking = leftOut(Rules, stored)
        if (lacking.length === 0) return []
        if (look === looks) {
          requireKept(bucket, changes, stored)
          return lacking
        }
        await delay(firstPause * 2 ** (look - 1), undefined, rest)
      }
    },
  }
}

function changedMeanwhile({ location }: Bucket): HoldfastError {
  return new HoldfastError('refused', `somebody else has changed the lifecycle of ${location} meanwhile; nothing was set`, {
    hint: 'look at the changes once more without --confirm, then run it again',
  })
}

function wouldLose({ location }: Bucket, parts: readonly string[]): HoldfastError {
  const message = `rules of ${location} hold what Holdfast does not know and would take away: ${parts.join(', ')}; nothing was set`
  return new HoldfastError('refused', message, {
    hint: 'add the rules with the tools of the server: without --apply they are printed, with --format json as the API takes them',
  })
}

function requireKept({ location }: Bucket, changes: readonly RuleChange[], stored: readonly LifecycleRule[]): void {
  const lost = changes.filter(({ change, rule }) => change === 'kept' && findRule(rule, stored) === undefined)
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
