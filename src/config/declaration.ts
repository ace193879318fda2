import type { z } from 'zod'

/** What is said once about a value that a user can give, whether as a setting or as an option of one command. */
export interface Declaration<Value> {
  /** One sentence without a full stop, for help and the reference page. */
  readonly description: string
  /** Turns the text that was given into the value; every source gives text. */
  readonly schema: z.ZodType<Value, string>
  /** Stands for the value in help, such as `dir`; a declaration without one is a switch. */
  readonly placeholder?: string
  /** The unit of the value, such as `bytes per second`. */
  readonly unit?: string
  /** A value that fits, which the error about one that does not shows. */
  readonly example?: string
}

/** A setting: a declaration that flags, the environment and the settings file share. */
export interface Setting<Value> extends Declaration<Value> {
  /** The value where no source gives one. */
  readonly default?: Value | ((environment: Environment) => Value)
  /** How the reference page describes a default that is computed. */
  readonly defaultText?: string
  /** Environment names other programs know, read after `HOLDFAST_…`, in this order. */
  readonly aliases?: readonly string[]
  /** A path: made absolute against the working directory or, from the settings file, against that file's folder. */
  readonly path?: true
  /** A secret, whose value is never shown. */
  readonly secret?: true
  /** Where the setting may come from besides the environment; both unless told. */
  readonly flag?: false
  readonly file?: false
}

/** The environment variables of a process, as handed in. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Checks a setting and keeps the type of its value and whether it has a default. */
export function setting<Value, const Rest extends Omit<Setting<Value>, 'schema'>>(
  schema: z.ZodType<Value, string>,
  rest: Rest,
): Rest & Setting<Value> {
  return { ...rest, schema }
}

/** The flag of a setting or option: `dataDir` is `--data-dir`. */
export function flagName(name: string): string {
  return `--${kebab(name)}`
}

/** The environment name of a setting: `dataDir` is `HOLDFAST_DATA_DIR`. */
export function environmentName(name: string): string {
  return `HOLDFAST_${kebab(name).replaceAll('-', '_').toUpperCase()}`
}

/** The name of a setting in the settings file: `dataDir` is `data-dir`. */
export function fileKey(name: string): string {
  return kebab(name)
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
