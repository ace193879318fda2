import { z } from 'zod'
import { required, type Settings } from '../config/resolve.ts'
import { HoldfastError } from '../core/errors.ts'
import { isS3Uri, parseS3Uri } from '../core/s3Uri.ts'
import { isSerious, type LeftOut } from '../lifecycle/change.ts'
import type { LifecycleChange, LifecyclePlan } from '../lifecycle/lifecyclePlan.ts'
import { describeReach, describeRule, tiers, whyNothingExpires } from '../lifecycle/rules.ts'
import { terraform } from '../lifecycle/terraform.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { confirm } from './standardOptions.ts'
import { formatFacts } from './table.ts'

const days = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'expected a number of days, 1 or more')
  .transform(Number)
const tierNames = ['dev', 'staging', 'prod'] as const
const formats = ['json', 'terraform'] as const

interface Place {
  bucket: string | undefined
  prefix: string
  isRepository: boolean
}

interface LifecycleReport extends LifecyclePlan {
  bucket?: string
  /** Why nothing expires. */
  why?: string
  format?: (typeof formats)[number]
  change?: LifecycleChange
}

/** `holdfast s3 lifecycle` */
export const s3LifecycleCommand = defineCommand({
  name: 's3 lifecycle',
  summary: 'print or set how long a bucket keeps exported backups',
  description:
    'Prints the rules of a bucket’s lifecycle, as JSON for the AWS command line or as Terraform. With --apply it shows what they would change in the bucket, and with ' +
    '--confirm too it sets them; other rules of the bucket are kept. Where those hold something that Holdfast does not know and would lose, nothing is set, and what of it may be a danger here is named. For a repository (--repo s3://…, or where the prefix holds one) no rule ever removes ' +
    'an object that is current, for blocks of old backups are used by new ones: only unfinished uploads, and versions that were replaced or deleted, go. ' +
    'A rule of somebody else that would remove or archive a repository’s objects, or remove exported backups sooner than asked for, is reported with exit status 6. What was set is read back: what the server did not ' +
    'keep is named, with exit status 1 unless it is only the removal of unfinished uploads, which MinIO does by a setting of its own.',
  settings: ['bucket', 'prefix', 'repo', 'retentionDays', 'region', 'endpoint', 'pathStyle', 'caFile'],
  options: {
    tier: valued(z.enum(tierNames, { error: `expected one of ${tierNames.join(', ')}` }), {
      placeholder: 'tier',
      example: 'prod',
      description: `how long exported backups stay: ${tierNames.map((name) => `${name} ${tiers[name]} days`).join(', ')}`,
    }),
    days: valued(days, { placeholder: 'days', example: '30', description: 'how long exported backups stay, in days' }),
    noncurrentDays: valued(days, {
      placeholder: 'days',
      example: '30',
      description: 'how long versions stay that were replaced or deleted; 7 for exported backups, 30 for a repository',
    }),
    format: valued(z.enum(formats, { error: `expected ${formats.join(' or ')}` }), {
      placeholder: 'format',
      example: 'json',
      description: 'print the rules as `json` for `aws s3api put-bucket-lifecycle-configuration`, or as `terraform`',
    }),
    apply: toggle('compare with what the bucket has, and with --confirm set it'),
    confirm,
  },
  examples: [
    {
      command: 'holdfast s3 lifecycle --tier prod --prefix neo4j/prod --format json > lifecycle.json',
      purpose: 'for the AWS command line',
    },
    {
      command: 'holdfast s3 lifecycle --tier staging --bucket my-backups --prefix neo4j --apply',
      purpose: 'what it would change',
    },
    { command: 'holdfast s3 lifecycle --repo s3://my-backups/repository --apply --confirm', purpose: 'set it for a repository' },
  ],
  fails: ['repository', 'refused', 'validation'],
  run: async ({ options, settings, services, signal }): Promise<LifecycleReport> => {
    const { apply, format, noncurrentDays } = options
    if (options.confirm && !apply)
      throw new HoldfastError('usage', '--confirm is given without --apply', { hint: 'give --apply --confirm' })
    const { bucket, prefix, isRepository } = placeOf(settings)
    const [{ planLifecycle, changeLifecycle }, { bucketLifecycle }] = await Promise.all([
      import('../lifecycle/lifecyclePlan.ts'),
      import('../lifecycle/bucketLifecycle.ts'),
    ])
    if (apply && !isRepository) required(settings, 'bucket')
    const lifecycle = bucket === undefined ? undefined : bucketLifecycle(await services.bucket(bucket), prefix)
    const wanted = { bucket, prefix, isRepository, days: retention(options, settings), noncurrentDays, lifecycle }
    const plan = await planLifecycle(wanted, signal)
    const change = apply && lifecycle ? await changeLifecycle(lifecycle, plan, { confirm: options.confirm, signal }) : undefined
    for (const part of change?.leftOut ?? []) services.log.warn(describeLeftOut(part))
    return {
      ...plan,
      ...(bucket === undefined ? {} : { bucket }),
      ...(plan.holds === 'repository' ? { why: whyNothingExpires } : {}),
      ...(format === undefined ? {} : { format }),
      ...(change ? { change } : {}),
    }
  },
  text: (report) => {
    if (report.change) return formatChange(report, report.change)
    if (report.format === 'json') return JSON.stringify({ Rules: report.rules }, undefined, 2)
    if (report.format === 'terraform')
      return terraform(report.rules, report.bucket, report.why === undefined ? [] : wrapped(report.why))
    return formatRules(report)
  },
  failure: ({ change }) =>
    (change?.dangers.length ?? 0) > 0 ? 'validation' : change?.leftOut.some(isSerious) ? 'failed' : undefined,
})

/** A repository where one is named by flag or nothing else is; otherwise where exported backups go. */
function placeOf(settings: Settings): Place {
  const { repo, bucket, prefix } = settings.values
  const isNamed = settings.sources.repo?.kind === 'flag'
  const isForExports = bucket !== undefined || prefix !== ''
  if (isNamed && settings.sources.bucket?.kind === 'flag')
    throw new HoldfastError('usage', '--repo and --bucket name two places', {
      hint: 'give --repo for a repository, or --bucket and --prefix for exported backups',
    })
  if (isNamed && !isS3Uri(repo ?? ''))
    throw new HoldfastError('usage', 'a directory has no lifecycle', {
      hint: 'give a repository in a bucket: --repo s3://bucket/prefix',
    })
  if (repo !== undefined && isS3Uri(repo) && (isNamed || !isForExports)) return { ...parseS3Uri(repo), isRepository: true }
  return { bucket, prefix, isRepository: false }
}

function retention(
  options: { tier: keyof typeof tiers | undefined; days: number | undefined },
  { values }: Settings,
): number | undefined {
  if (options.tier !== undefined && options.days !== undefined)
    throw new HoldfastError('usage', '--tier and --days both say how long backups stay', { hint: 'leave one of them out' })
  return options.days ?? (options.tier === undefined ? values.retentionDays : tiers[options.tier])
}

function formatRules({ bucket, prefix, holds, why, rules }: LifecycleReport): string {
  const facts: [string, string | undefined][] = [
    ['bucket', bucket],
    ['prefix', prefix === '' ? 'none, the whole bucket' : prefix],
    ['holds', holds === 'repository' ? 'a repository' : 'exported backups'],
    ...rules.map((rule): [string, string] => ['rule', `${rule.ID}: ${describeRule(rule)}`]),
  ]
  return [
    formatFacts(facts),
    ...explanation(why),
    'give --format json or terraform to use them, or --apply to compare with the bucket',
  ].join('\n')
}

/** What becomes of each rule of the bucket, what it reaches, and what is to be done. */
export function formatChange(
  { bucket, why }: Pick<LifecycleReport, 'bucket' | 'why'>,
  { changes, outcome, dangers, unknown, leftOut }: LifecycleChange,
): string {
  const marks = { added: '+', changed: '~', removed: '-', kept: ' ' } as const
  const end = {
    applied: `set for bucket ${bucket}`,
    'partly-applied': `set for bucket ${bucket}, but for what the server did not keep`,
    differs: 'give --confirm to set it',
    unchanged: `bucket ${bucket} has these rules already${leftOut.length > 0 ? ', but for what the server did not keep' : ''}`,
  }[outcome]
  return [
    ...changes.map(
      ({ change, rule, isIncomplete }) =>
        `${marks[change]} ${rule.ID ?? 'without a name'}, ${describeReach(rule)}: ${describeRule(rule)}${change === 'kept' ? ', kept' : ''}${isIncomplete ? ' but for unfinished uploads' : ''}`,
    ),
    ...explanation(why),
    ...dangers.map(
      (rule) =>
        `DANGER: rule ${rule.ID ?? 'without a name'} of this bucket ${why === undefined ? 'removes exported backups sooner than asked for' : 'reaches the repository and will destroy backups'}: remove it, or give it another prefix`,
    ),
    ...(unknown.length === 0
      ? []
      : [
          `NOT KNOWN: rules of this bucket hold what Holdfast does not know, which may remove objects: ${unknown.join(', ')}; see in the manual of the server what they do`,
        ]),
    end,
  ].join('\n')
}

function describeLeftOut(leftOut: LeftOut): string {
  const { rule, part } = leftOut
  if (isSerious(leftOut))
    return `the server did not keep ${part === 'the whole rule' ? `rule ${rule}` : `${part} of rule ${rule}`}`
  return `the server did not keep the removal of unfinished uploads (${part} of rule ${rule}); MinIO does that by a setting of its own`
}

function explanation(why: string | undefined): string[] {
  return why === undefined ? [] : [`nothing that is current expires: ${why}`]
}

/** Lines of at most 100 characters. */
function wrapped(text: string): string[] {
  return `Nothing that is current expires: ${text}.`.match(/.{1,100}(?:\s|$)/g)?.map((line) => line.trim()) ?? []
}
