import { readFileSync, statSync } from 'node:fs'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { describeSource, type Settings, type SourceKind } from './resolve.ts'
import { Secret } from './secret.ts'
import type { SettingName } from './settings.ts'

/** What unlocks an encrypted repository: a passphrase, or the bytes of a key file. */
export type RepositoryKey = { passphrase: Secret } | { keyFile: Buffer }

/** Is told when a file with a secret can be read by everybody on the machine. */
type Warn = (message: string) => void

/** A shorter key could be guessed. */
const shortestKey = 16

/**
 * The password for Neo4j, or undefined where none is given.
 * @throws HoldfastError `usage` where the password file cannot be read.
 */
export function neo4jPassword(settings: Settings, warn: Warn): Secret | undefined {
  const chosen = strongest(settings, ['passwordFile', 'password'])
  if (chosen === 'passwordFile') return firstLine(settings, 'passwordFile', warn)
  return settings.values.password
}

/**
 * The key of the repository, or undefined where none is given, which means that it is not encrypted.
 * @throws HoldfastError `usage` where a file cannot be read, is no text or too short, or two are given with the same right.
 */
export function repositoryKey(settings: Settings, warn: Warn): RepositoryKey | undefined {
  const chosen = strongest(settings, ['keyFile', 'passphraseFile', 'passphrase'])
  if (chosen === 'keyFile') return { keyFile: keyBytes(settings, warn) }
  if (chosen === 'passphraseFile') return { passphrase: firstLine(settings, 'passphraseFile', warn) }
  if (chosen === 'passphrase') return { passphrase: settings.values.passphrase! }
  return undefined
}

const strength: Record<SourceKind, number> = { flag: 3, environment: 2, file: 1, default: 0 }

/** Of settings that mean the same thing, the one from the strongest source: a flag beats a variable, that the settings file. */
function strongest(settings: Settings, names: readonly SettingName[]): SettingName | undefined {
  const given = names
    .flatMap((name) => {
      const source = settings.sources[name]
      return source === undefined ? [] : [{ name, strength: strength[source.kind] }]
    })
    .toSorted((a, b) => b.strength - a.strength)
  const [first, second] = given
  if (first !== undefined && second !== undefined && first.strength === second.strength) {
    const [one, other] = [first.name, second.name].map((name) => describeSource(settings, name).replace(/^from /, ''))
    throw new HoldfastError('usage', `${one} and ${other} are both given and say the same thing twice`, {
      hint: 'give only one of them',
    })
  }
  return first?.name
}

/** A byte order mark that an editor put in front is no part of it. */
function firstLine(settings: Settings, name: 'passwordFile' | 'passphraseFile', warn: Warn): Secret {
  const place = `${settings.values[name]} (${describeSource(settings, name)})`
  const line = textOf(readGiven(settings, name, warn), place).split(/\r?\n/, 1)[0]!
  if (line === '')
    throw new HoldfastError('usage', `${place} has an empty first line`, { hint: 'write the secret into its first line' })
  return new Secret(line)
}

function textOf(content: Buffer, place: string): string {
  const hint = 'save the file as UTF-8; for random bytes take --key-file'
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (cause) {
    throw new HoldfastError('usage', `${place} is not UTF-8 text`, { hint, cause })
  }
  if (text.includes('\0')) throw new HoldfastError('usage', `${place} is not UTF-8 text: it holds zeros`, { hint })
  return text
}

function keyBytes(settings: Settings, warn: Warn): Buffer {
  const bytes = readGiven(settings, 'keyFile', warn)
  if (bytes.length >= shortestKey) return bytes
  const place = `${settings.values.keyFile} (${describeSource(settings, 'keyFile')})`
  throw new HoldfastError('usage', `${place} holds ${bytes.length} bytes, expected at least ${shortestKey} for a key`, {
    hint: 'make one with: head -c 32 /dev/urandom > FILE',
  })
}

function readGiven(settings: Settings, name: 'passwordFile' | 'passphraseFile' | 'keyFile', warn: Warn): Buffer {
  const path = settings.values[name]!
  const place = `${path} (${describeSource(settings, name)})`
  try {
    const content = readFileSync(path)
    const { mode } = statSync(path)
    if ((mode & 0o170_004) === 0o100_004) warn(`everybody on this machine can read ${place}: take that right away with chmod 600`)
    return content
  } catch (error) {
    const isMissing = hasSystemCode(error, 'ENOENT')
    const hint = isMissing ? 'check its path' : 'expected a file that this user may read'
    throw new HoldfastError('usage', `${place} ${isMissing ? 'is not there' : 'cannot be read'}`, { hint, cause: error })
  }
}
