import { readFileSync } from 'node:fs'
import { HoldfastError } from '../core/errors.ts'
import { describeSource, type Settings, type SourceKind } from './resolve.ts'
import { Secret } from './secret.ts'
import type { SettingName } from './settings.ts'

/** How an encrypted repository is unlocked. */
export type RepositoryKey = { kind: 'passphrase'; passphrase: Secret } | { kind: 'key-file'; path: string }

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
  if (chosen === 'keyFile') return { kind: 'key-file', path: settings.values.keyFile! }
  if (chosen === 'passphraseFile') return { kind: 'passphrase', passphrase: firstLine(settings, 'passphraseFile') }
  if (chosen === 'passphrase') return { kind: 'passphrase', passphrase: settings.values.passphrase! }
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
  const path = settings.values[name]!
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new HoldfastError('usage', `${path} (${describeSource(settings, name)}) cannot be read`, { cause: error })
  }
  const line = text.split(/\r?\n/, 1)[0]!
  if (line === '') throw new HoldfastError('usage', `${path} (${describeSource(settings, name)}) has an empty first line`)
  return new Secret(line)
}
