import type { LifecycleRule } from '@aws-sdk/client-s3'

/** What stands for the bucket where its name is not given. */
const bucketVariable = 'var.bucket'

/** The rules as a resource of Terraform's AWS provider, as `terraform fmt` writes it. */
export function terraform(rules: readonly LifecycleRule[], bucket: string | undefined, comments: readonly string[] = []): string {
  return [
    ...comments.map((line) => `# ${line}`),
    '# Terraform sets all rules of a bucket at once: what other rules it has belong here too.',
    'resource "aws_s3_bucket_lifecycle_configuration" "holdfast" {',
    `  bucket = ${bucket === undefined ? bucketVariable : quoted(bucket)}`,
    ...rules.flatMap((rule) => ['', ...block('rule', ruleLines(rule)).map(indented)]),
    '}',
  ].join('\n')
}

function ruleLines(rule: LifecycleRule): string[] {
  const { Expiration: expiration, NoncurrentVersionExpiration: noncurrent, AbortIncompleteMultipartUpload: unfinished } = rule
  return [
    `id     = ${quoted(rule.ID ?? '')}`,
    `status = ${quoted(rule.Status ?? '')}`,
    '',
    ...block('filter', [`prefix = ${quoted(rule.Filter?.Prefix ?? '')}`]),
    ...(expiration?.Days === undefined ? [] : ['', ...block('expiration', [`days = ${expiration.Days}`])]),
    ...(expiration?.ExpiredObjectDeleteMarker ? ['', ...block('expiration', ['expired_object_delete_marker = true'])] : []),
    ...(noncurrent?.NoncurrentDays === undefined
      ? []
      : ['', ...block('noncurrent_version_expiration', [`noncurrent_days = ${noncurrent.NoncurrentDays}`])]),
    ...(unfinished?.DaysAfterInitiation === undefined
      ? []
      : ['', ...block('abort_incomplete_multipart_upload', [`days_after_initiation = ${unfinished.DaysAfterInitiation}`])]),
  ]
}

function block(name: string, lines: readonly string[]): string[] {
  return [`${name} {`, ...lines.map(indented), '}']
}

function indented(line: string): string {
  return line === '' ? '' : `  ${line}`
}

/** A text of HCL, in which `${` and `%{` would begin a template. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/([$%])\{/g, '$1$1{')
}
