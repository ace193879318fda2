import { resolve } from 'node:path'
import { z } from 'zod'
import type { Uploaded } from '../artifact/upload.ts'
import type { UploadPlan } from '../artifact/uploadPlan.ts'
import { required } from '../config/resolve.ts'
import { defineCommand, toggle, valued } from './command.ts'
import { databaseName } from './databaseNameOption.ts'
import { formatMoment } from './durations.ts'
import { bucketSettings } from './repositorySettings.ts'
import { formatSize } from './sizes.ts'
import { loggingSteps, stepOptions } from './stepLog.ts'
import { formatFacts } from './table.ts'

const name = z.string().min(1)

/** `holdfast s3 upload` */
export const s3UploadCommand = defineCommand({
  name: 's3 upload',
  summary: 'upload a dump or backup file to a bucket, verified',
  description:
    'Takes any file, also one that Holdfast did not make; what `backup export` wrote into the `.meta` beside it is noted with it. The key is the prefix ' +
    'and the name of the file. SHA-256, size, database, versions and commit go into the metadata of the object and into `<key>.meta.json`. ' +
    'Afterwards the server is asked what it stored, and size, SHA-256, encryption, lock and its own checksum are compared. Where the same content is there ' +
    'already, nothing is sent and the status is `skipped`; where the key holds something else, or lies in a repository, it is refused. ' +
    'Encrypts with AES256 unless --sse says otherwise.',
  settings: ['bucket', 'prefix', ...bucketSettings, 'useSseKms', 'objectLock', 'objectLockDays', 'commit'],
  options: {
    file: valued(name, { placeholder: 'file', required: true, example: 'neo4j.dump', description: 'what to upload' }),
    compress: toggle('gzip it on its way, unless its name ends in .gz; the key gets .gz'),
    dbName: valued(databaseName, {
      placeholder: 'name',
      description: 'the database in it, to be noted; else what its .meta says, else neo4j',
    }),
    softwareVersion: valued(z.string().regex(/^\d+\.\d+\.\d+[\w.-]*$/, 'expected a version of Neo4j'), {
      placeholder: 'version',
      example: '5.26.30',
      description: 'the version of the Neo4j that made it, to be noted; else what its .meta says',
    }),
    force: toggle('replace what the key holds, where it is another content'),
    pruneLocal: toggle('remove the file, and the .meta beside it, once the upload is verified'),
    dryRun: toggle('measure the file and show what would be sent; asks nothing of the bucket and needs no credentials'),
    ...stepOptions,
  },
  givesWay: true,
  examples: [
    {
      command: 'holdfast s3 upload --file neo4j.dump --bucket my-backups --prefix neo4j/prod',
      purpose: 'encrypted by the server',
    },
    {
      command: 'holdfast s3 upload --file neo4j.dump --bucket my-backups --sse aws:kms --kms-key alias/backups --prune-local',
      purpose: 'with a KMS key; the local file goes once it is verified',
    },
    {
      command: 'holdfast s3 upload --file neo4j.dump --bucket my-backups --dry-run --json',
      purpose: 'the plan, without credentials',
    },
  ],
  fails: ['integrity', 'repository', 'refused'],
  run: async ({ options, settings, services, progress, signal }): Promise<Uploaded | PlannedUpload> => {
    const bucket = await services.bucket(required(settings, 'bucket'), { encryption: { algorithm: 'AES256' } })
    const { prefix, commit } = settings.values
    const { compress, dbName, softwareVersion, force, pruneLocal: prune } = options
    const { LocalArtifact } = await import('../artifact/localArtifact.ts')
    const { requireOutsideRepository } = await import('../artifact/outsideRepository.ts')
    const { requirePrunable } = await import('../artifact/pruneLocal.ts')
    const { planUpload } = await import('../artifact/uploadPlan.ts')
    const { uploadArtifact } = await import('../artifact/upload.ts')
    return loggingSteps({ options, services, signal }, async (onStep) => {
      await using artifact = await LocalArtifact.open(resolve(options.file))
      const { dryRun } = options
      if (prune) requirePrunable(artifact)
      if (!dryRun) await requireOutsideRepository(bucket, prefix, signal)
      const request = { prefix, commit, compress, dbName, softwareVersion, dryRun }
      const plan = await planUpload(bucket, artifact, request, { clock: services.clock, progress, signal })
      onStep('planned', { uri: plan.uri, ...plan.facts })
      if (dryRun) return { status: 'planned' as const, ...plan }
      return await uploadArtifact(bucket, artifact, plan, { force, prune, clock: services.clock, progress, onStep, signal })
    })
  },
  text: (result) => (result.status === 'planned' ? formatPlan(result) : formatUploaded(result)),
})

interface PlannedUpload extends UploadPlan {
  status: 'planned'
}

function formatPlan({ uri, size, sha256, parts, encryption, facts, metaKey }: PlannedUpload): string {
  return formatFacts([
    ['would upload', `${uri}, ${formatSize(size)}${parts > 1 ? ` in ${parts} parts` : ''}`],
    ['unless', 'it is there already; the bucket was not asked'],
    ['encryption', encryption?.algorithm ?? 'none'],
    ['sha256', sha256],
    ['database', facts.db_name],
    ['Neo4j', facts.software_version],
    ['and then', metaKey],
  ])
}

function formatUploaded({ status, uri, size, replaced, verified, meta, metaKey, removed }: Uploaded): string {
  const { sha256, encryption, checksum, checksumCovers, lock, expires } = verified
  const compared = [
    'size',
    'SHA-256 in the metadata',
    ...(encryption === undefined ? [] : [`encryption ${encryption}`]),
    ...(checksum === undefined ? [] : [`the server's SHA-256 of ${checksumCovers}`]),
    ...(lock === undefined ? [] : [`${lock.mode.toLowerCase()} lock until ${formatMoment(new Date(lock.until))}`]),
  ]
  return formatFacts([
    [status, `${uri}, ${formatSize(size)}${replaced ? ', in place of another content' : ''}`],
    ['sha256', sha256],
    ['verified', compared.join(', ')],
    [
      'expires',
      expires && `${expires === 'unknown' ? 'when is unknown' : formatMoment(new Date(expires))}, by a rule of the bucket`,
    ],
    ['meta', `${metaKey} ${meta}`],
    ['removed', removed.length === 0 ? undefined : removed.join(', ')],
  ])
}
