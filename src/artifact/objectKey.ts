import { basename } from 'node:path'
import { HoldfastError } from '../core/errors.ts'
import { keyPrefix } from '../core/s3Uri.ts'
import { repositoryName } from '../repository/names.ts'

/** What is appended to a key for the object that tells about it. */
const metaSuffix = '.meta.json'
/** S3 allows 1024 bytes; the object that tells about it needs some of them. */
const longest = 1024 - metaSuffix.length
const plainName = /^[a-zA-Z0-9!_'()=+@:,-][a-zA-Z0-9!_.*'()=+@:,-]*$/

/** The key of the object that tells about another one. */
export function metaKeyOf(key: string): string {
  return `${key}${metaSuffix}`
}

/**
 * The key that a file is uploaded to: the prefix, a slash, its name, and `.gz` where it is compressed on its way.
 * @throws HoldfastError `usage` for a name that other programs could not use as a key.
 */
export function keyOf(path: string, { prefix, compress }: { prefix: string; compress: boolean }): string {
  const name = `${basename(path)}${compress ? '.gz' : ''}`
  const key = `${keyPrefix(prefix)}${name}`
  const problem = problemOf(name, key)
  if (problem === undefined) return key
  throw new HoldfastError('usage', `${JSON.stringify(basename(path))} makes a bad key: ${problem}`, {
    hint: 'rename the file, such as to neo4j-2026-11-25.dump',
  })
}

function problemOf(name: string, key: string): string | undefined {
  if (/\.meta(\.json)?(\.gz)?$/.test(name)) return 'its ending is that of a file that tells about another one'
  if (name === repositoryName) return 'it is the name of the object that makes a repository'
  if (!plainName.test(name)) return "expected letters, digits and any of -_.!*'()=+@:, and no dot at its start"
  if (Buffer.byteLength(key) > longest) return `expected at most ${longest} characters with the prefix, found ${key.length}`
  return undefined
}

/** Whether a file or key has the ending of gzip. */
export function isGzipName(name: string): boolean {
  return /\.gz$/i.test(name)
}
