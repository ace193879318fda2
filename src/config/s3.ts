import { readFileSync } from 'node:fs'
import { HoldfastError } from '../core/errors.ts'
import { describeSource, type Settings } from './resolve.ts'

/** How a bucket is reached and what is asked for each object, as the settings say. */
export interface S3Settings {
  region: string | undefined
  endpoint: string | undefined
  pathStyle: boolean | undefined
  /** PEM. */
  certificates: string | undefined
  encryption: { algorithm: 'AES256' | 'aws:kms'; keyId: string | undefined } | undefined
  lock: { mode: 'GOVERNANCE' | 'COMPLIANCE'; days: number } | undefined
  /** `none` was given for the lock, and is not only the default. */
  isUnlockedMeant: boolean
}

/**
 * Puts the settings of S3 together.
 * @throws HoldfastError `usage` where they contradict each other or the file of certificates cannot be read.
 */
export function s3Settings(settings: Settings): S3Settings {
  const { region, endpoint, pathStyle } = settings.values
  return {
    region,
    endpoint,
    pathStyle,
    certificates: certificates(settings),
    encryption: encryption(settings),
    lock: lock(settings),
    isUnlockedMeant: settings.values.objectLock === 'none' && settings.sources.objectLock?.kind !== 'default',
  }
}

function encryption(settings: Settings): S3Settings['encryption'] {
  const { sse: given, useSseKms, kmsKey: keyId } = settings.values
  const isFlag = settings.sources.sse?.kind === 'flag'
  if (useSseKms && given !== undefined && given !== 'aws:kms' && !isFlag)
    throw contradiction(settings, 'sse', 'useSseKms', 'leave one of them out')
  const algorithm = useSseKms && !isFlag ? 'aws:kms' : given
  if (algorithm === 'aws:kms') return { algorithm, keyId }
  // A key that stands in the environment for other programs asks for nothing by itself.
  if (keyId !== undefined && settings.sources.kmsKey?.kind === 'flag')
    throw new HoldfastError('usage', '--kms-key is given, but the encryption is not aws:kms', { hint: 'give --sse aws:kms too' })
  return algorithm === 'AES256' ? { algorithm, keyId: undefined } : undefined
}

function lock({ values }: Settings): S3Settings['lock'] {
  const { objectLock, objectLockDays: days } = values
  if (objectLock === 'none') return undefined
  if (days === undefined)
    throw new HoldfastError('usage', 'object-lock is set, but not for how long', { hint: 'give --object-lock-days 30' })
  return { mode: objectLock === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE', days }
}

function certificates(settings: Settings): string | undefined {
  const { caFile } = settings.values
  if (caFile === undefined) return undefined
  const place = `${caFile} (${describeSource(settings, 'caFile')})`
  let text: string
  try {
    text = readFileSync(caFile, 'utf8')
  } catch (cause) {
    throw new HoldfastError('usage', `${place} cannot be read`, { hint: 'expected a file of certificates in PEM', cause })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new HoldfastError('usage', `${place} holds no certificate`, { hint: 'expected a file of certificates in PEM' })
}

function contradiction(settings: Settings, one: 'sse', other: 'useSseKms', hint: string): HoldfastError {
  const [first, second] = [one, other].map((name) => describeSource(settings, name).replace(/^from /, ''))
  return new HoldfastError('usage', `${first} and ${second} ask for different encryptions`, { hint })
}
