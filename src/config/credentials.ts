import { readFileSync } from 'node:fs'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { describeSource, type Settings, type SourceKind } from './resolve.ts'
import { Secret } from './secret.ts'
import type { SettingName } from './settings.ts'

/** What unlocks an encrypted repository: a passphrase, or the bytes of a key file. */
export type RepositoryKey = { passphrase: Secret } | { keyFile: Buffer }

/**
 * The password for Neo4j, or undefined where none is given.
 * @throws HoldfastError `usage` where the password file cannot be read.
 */
export function neo4jPassword(settings: Settings): Secret | undefined {
  const chosen = strongest(settings, ['passwordFile', 'password'])
  if (chosen === 'passwordFile') return firstLine(settings, 'passwordFile')
  return settings.values.password
}

/**
 * The key of the repository, or undefined where none is given, which means that it is not encrypted.
 * @throws HoldfastError `usage` where a file cannot be read, or two are given with the same right.
 */
export function repositoryKey(settings: Settings): RepositoryKey | undefined {
  const chosen = strongest(settings, ['keyFile', 'passphraseFile', 'passphrase'])
  if (chosen === 'keyFile') return { keyFile: readGiven(settings, 'keyFile') }
  if (chosen === 'passphraseFile') return { passphrase: firstLine(settings, 'passphraseFile') }
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

function firstLine(settings: Settings, name: 'passwordFile' | 'passphraseFile'): Secret {
  const line = readGiven(settings, name).toString('utf8').split(/\r?\n/, 1)[0]!
  if (line === '')
    throw new HoldfastError('usage', `${settings.values[name]} (${describeSource(settings, name)}) has an empty first line`)
  return new Secret(line)
}

function readGiven(settings: Settings, name: 'passwordFile' | 'passphraseFile' | 'keyFile'): Buffer {
  const path = settings.values[name]!
  try {
    return readFileSync(path)
  } catch (error) {
    const problem = hasSystemCode(error, 'ENOENT') ? 'is not there' : 'cannot be read'
    throw new HoldfastError('usage', `${path} (${describeSource(settings, name)}) ${problem}`, { cause: error })
  }
}
