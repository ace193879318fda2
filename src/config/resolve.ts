import { existsSync } from 'node:fs'
import { dirname, join, resolve as absolute } from 'node:path'
import type { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import { isS3Uri } from '../core/s3Uri.ts'
import { type FileValues, readConfigFile } from './configFile.ts'
import { type Environment, environmentName, fileKey, flagName, type Setting } from './declaration.ts'
import { nearest } from './nearest.ts'
import { shownValue } from './secret.ts'
import { hasFlag, type SettingName, settings } from './settings.ts'

type Declared = typeof settings
type ValueOf<S> = S extends { schema: z.ZodType<infer Value, string> }
  ? S extends { default: unknown }
    ? Value
    : Value | undefined
  : never

/** The effective value of every setting; undefined where nothing gives one. */
export type SettingValues = { readonly [Name in SettingName]: ValueOf<Declared[Name]> }

/** Where a value came from, the strongest first. */
export type SourceKind = 'flag' | 'environment' | 'file' | 'default'

export interface Source {
  kind: SourceKind
  /** For messages: `--repo`, `HOLDFAST_REPO`, `/etc/holdfast.yaml:3`. */
  name: string
}

/** All settings with their sources. */
export interface Settings {
  readonly values: SettingValues
  /** Absent for a setting without a value. */
  readonly sources: Readonly<Partial<Record<SettingName, Source>>>
  /** What looks like a mistake but stops nothing, each a sentence. */
  readonly warnings: readonly string[]
}

export interface SettingSources {
  /** Texts given as flags, by setting name. */
  flags: Readonly<Record<string, string | undefined>>
  environment: Environment
  /** Absolute. */
  workingDirectory: string
}

interface Given {
  text: string
  source: Source
  /** What a relative path is relative to. */
  base: string
}

/**
 * The effective settings: a flag is stronger than the environment, that than the settings file, that than the default.
 * @throws HoldfastError `usage` naming the source of a value that does not fit.
 */
export function resolveSettings({ flags, environment, workingDirectory }: SettingSources): Settings {
  const outside = (name: SettingName): Given | undefined =>
    fromFlag(name, flags, workingDirectory) ?? fromEnvironment(name, environment, workingDirectory)

  const path = configPath(outside('config'), workingDirectory)
  const file: FileValues = path === undefined ? new Map() : readConfigFile(path)

  const values: Partial<Record<SettingName, unknown>> = {}
  const sources: Partial<Record<SettingName, Source>> = {}
  for (const name of Object.keys(settings) as SettingName[]) {
    const given = outside(name) ?? fromFile(name, file, path)
    if (given !== undefined) {
      values[name] = parse(name, given)
      sources[name] = given.source
    } else if (settings[name].default !== undefined) {
      const fallback: unknown = settings[name].default
      values[name] = typeof fallback === 'function' ? fallback(environment) : fallback
      sources[name] = { kind: 'default', name: 'the default' }
    }
  }
  return { values: values as SettingValues, sources, warnings: unknownVariables(environment) }
}

/**
 * The value of a setting that an operation cannot do without.
 * @throws HoldfastError `usage` saying how to give it.
 */
export function required<Name extends SettingName>({ values }: Settings, name: Name): NonNullable<SettingValues[Name]> {
  const value = values[name]
  if (value !== undefined && value !== null) return value
  const declared: Setting<unknown> = settings[name]
  const ways = [
    ...(declared.flag === false ? [] : [`give ${flagName(name)}`]),
    `set ${environmentName(name)}`,
    ...(declared.file === false ? [] : [`put ${fileKey(name)} in holdfast.yaml`]),
  ]
  throw new HoldfastError('usage', `missing: ${declared.description}`, { hint: ways.join(', or ') })
}

/** Where a setting's value came from, for messages: `from HOLDFAST_REPO`. */
export function describeSource({ sources }: Settings, name: SettingName): string {
  const source = sources[name]
  return source === undefined ? 'not set' : `from ${source.name}`
}

function configPath(given: Given | undefined, workingDirectory: string): string | undefined {
  if (given !== undefined) return absolute(workingDirectory, given.text)
  const usual = join(workingDirectory, 'holdfast.yaml')
  return existsSync(usual) ? usual : undefined
}

function fromFlag(name: SettingName, flags: SettingSources['flags'], base: string): Given | undefined {
  const text = hasFlag(name) ? flags[name] : undefined
  return text === undefined ? undefined : { text, base, source: { kind: 'flag', name: flagName(name) } }
}

function fromEnvironment(name: SettingName, environment: Environment, base: string): Given | undefined {
  const declared: Setting<unknown> = settings[name]
  for (const variable of [environmentName(name), ...(declared.aliases ?? [])]) {
    const text = environment[variable]
    // Compose files pass variables that are not set on as empty ones.
    if (text !== undefined && text !== '') return { text, base, source: { kind: 'environment', name: variable } }
  }
  return undefined
}

function fromFile(name: SettingName, file: FileValues, path: string | undefined): Given | undefined {
  const found = file.get(name)
  if (found === undefined || path === undefined) return undefined
  return { text: found.text, base: dirname(path), source: { kind: 'file', name: `${path}:${found.line}` } }
}

function parse(name: SettingName, { text, source, base }: Given): unknown {
  const declared: Setting<unknown> = settings[name]
  const result = declared.schema.safeParse(text)
  if (!result.success) {
    const problem = result.error.issues.map((issue) => issue.message).join('; ')
    throw new HoldfastError('usage', `${source.name}: ${problem}${declared.secret ? '' : `, found ${shownValue(text)}`}`, {
      hint: howToFix(name, source, result.error.issues),
    })
  }
  return declared.path && !isS3Uri(text) ? absolute(base, String(result.data)) : result.data
}

/** How a value that does not fit is given where it came from. */
function howToFix(name: SettingName, { kind, name: source }: Source, issues: readonly z.core.$ZodIssue[]): string {
  const declared: Setting<unknown> = settings[name]
  const example = issues.map(exampleOf).find((found) => found !== undefined) ?? declared.example
  if (example === undefined) return 'give a value, or leave it out; `holdfast help settings` tells what it is'
  const given = {
    flag: `${source} ${example}`,
    environment: `${source}=${example}`,
    file: `${fileKey(name)}: ${example}`,
    default: '',
  }
  return `give it as ${given[kind]}`
}

/** What a value of the kind that was meant looks like, where a setting takes several kinds. */
function exampleOf(issue: z.core.$ZodIssue): string | undefined {
  const example: unknown = issue.code === 'custom' ? issue.params?.['example'] : undefined
  return typeof example === 'string' ? example : undefined
}

function unknownVariables(environment: Environment): string[] {
  const known = Object.keys(settings).map(environmentName)
  return Object.keys(environment)
    .filter((variable) => variable.startsWith('HOLDFAST_') && !known.includes(variable))
    .map((variable) => {
      const meant = nearest(variable, known)
      return `${variable} is not a setting${meant ? `; did you mean ${meant}?` : ''}`
    })
}
