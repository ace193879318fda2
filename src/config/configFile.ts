import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import { environmentName, fileKey, type Setting } from './declaration.ts'
import { nearest } from './nearest.ts'
import { type SettingName, settings } from './settings.ts'

/** A value found in the settings file. */
export interface FileValue {
  text: string
  /** Counted from 1. */
  line: number
}

export type FileValues = ReadonlyMap<SettingName, FileValue>

/**
 * Reads the settings file at an absolute path.
 * @throws HoldfastError `usage` where it cannot be read or holds anything but known settings, with file and line.
 */
export function readConfigFile(path: string): FileValues {
  try {
    return parseConfigFile(readFileSync(path, 'utf8'), path)
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    const isMissing = hasSystemCode(error, 'ENOENT')
    const problem = isMissing ? 'there is no such file' : String(error)
    const hint = isMissing ? 'check its path, or leave --config out' : 'let this user read it, or leave --config out'
    throw new HoldfastError('usage', `the settings file ${path} cannot be read: ${problem}`, { hint, cause: error })
  }
}

/**
 * Reads the text of a settings file: one level of `name: value` lines. Every value is taken as text, so that `5.26` stays what it is.
 * @throws HoldfastError `usage` with file and line.
 */
export function parseConfigFile(text: string, path: string): FileValues {
  // Loaded only where there is a file to read, for it takes as long as the start of everything else.
  const { isMap, isScalar, LineCounter, parseDocument } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false })
  const lineOf = (offset: number) => Math.max(1, lines.linePos(offset).line)

  const [problem] = document.errors
  // Behind its first words a message may quote the file, and so a secret.
  if (problem) throw invalid(path, lineOf(problem.pos[0]), `not YAML: ${/^[\w ,;()'-]*/.exec(problem.message)![0].trim()}`)

  const values = new Map<SettingName, FileValue>()
  if (document.contents === null) return values
  if (!isMap(document.contents)) throw invalid(path, 1, 'expected lines such as `repo: /backups`')

  for (const { key, value } of document.contents.items) {
    if (!isScalar(key)) throw invalid(path, 1, 'expected the name of a setting')
    const line = lineOf(key.range?.[0] ?? 0)
    const name = knownName(String(key.value), path, line)
    if (!isScalar(value)) throw invalid(path, line, `${fileKey(name)}: expected one value, found a list or a map`)
    values.set(name, { text: String(value.value), line })
  }
  return values
}

function knownName(key: string, path: string, line: number): SettingName {
  const named = Object.entries(settings).find(([name]) => fileKey(name) === key)
  if (named === undefined) {
    const meant = nearest(key, fileKeys())
    const hint = meant ? `did you mean ${meant}?` : '`holdfast help settings` lists all settings'
    // Only what looks like a name: the rest may be a value that was written without a space before it.
    throw invalid(path, line, `${/^[\w.-]+/.exec(key)?.[0].slice(0, 40) ?? 'this'} is not a setting`, hint)
  }
  const [name, declared]: [string, Setting<unknown>] = named
  if (declared.file === false) {
    throw invalid(path, line, `${key} cannot be given in the settings file`, `set ${environmentName(name)} instead`)
  }
  return name as SettingName
}

const usualHint = 'write one setting a line, its name, a colon, a space and its value, such as `repo: /backups`'

function fileKeys(): string[] {
  return Object.entries(settings)
    .filter(([, declared]: [string, Setting<unknown>]) => declared.file !== false)
    .map(([name]) => fileKey(name))
}

function invalid(path: string, line: number, message: string, hint = usualHint): HoldfastError {
  return new HoldfastError('usage', `${path}:${line}: ${message}`, { hint })
}
