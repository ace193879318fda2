/** The region and account that stand in the ARN of a key or an alias of one. */
const arn = /^arn:[^:]*:kms:([^:]*:[^:]*):(?:key|alias)\//

/**
 * Whether the key that a server tells may be the one that it was asked for. A key is asked for by its id, its ARN or an alias; AWS tells
 * the ARN of the key, others its bare name. Of an alias nothing can be compared but the region and account that an ARN of it names.
 */
export function mayBeKey(asked: string, told: string): boolean {
  const [one, other] = [asked, told].map((text) => arn.exec(text)?.[1])
  if (one !== undefined && other !== undefined && one !== other) return false
  return isAlias(asked) || bareName(asked) === bareName(told)
}

/** Whether a key is named by an alias, which says nothing of the key behind it. */
export function isAlias(key: string): boolean {
  return /(^|:)alias\//.test(key)
}

function bareName(key: string): string {
  return key.replace(/^.*[:/]/, '')
}
