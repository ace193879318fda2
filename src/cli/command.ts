import { z } from 'zod'
import type { Declaration } from '../config/declaration.ts'
import type { Settings } from '../config/resolve.ts'
import { shownValue } from '../config/secret.ts'
import type { SettingName } from '../config/settings.ts'
import { type ErrorCode, HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import type { Outcome } from './output.ts'
import type { Services } from './services.ts'

/** A positional argument of a command. */
export interface ArgumentDeclaration<Value> extends Declaration<Value> {
  readonly required?: true
}

/** An option of one command; what several commands or the settings file share is a setting instead. */
export interface OptionDeclaration<Value> extends Declaration<Value> {
  readonly required?: true
  readonly default?: Value
}

export interface Example {
  readonly command: string
  readonly purpose: string
}

type Declarations = Readonly<Record<string, ArgumentDeclaration<unknown> | OptionDeclaration<unknown>>>
type ValueOf<D> = D extends { schema: z.ZodType<infer Value, string> }
  ? D extends { required: true } | { default: unknown }
    ? Value
    : Value | undefined
  : never
type Values<D extends Declarations> = { readonly [Name in keyof D]: ValueOf<D[Name]> }

/** What a command is handed when it runs. */
export interface Context<Arguments extends Declarations, Options extends Declarations> {
  readonly arguments: Values<Arguments>
  readonly options: Values<Options>
  readonly settings: Settings
  readonly services: Services
  readonly progress: ProgressListener
  readonly signal: AbortSignal
}

/** One command as its file declares it: help, completion, the reference page and `--json` all follow from this. */
export interface CommandDefinition<Arguments extends Declarations, Options extends Declarations, Result> {
  /** The words after `holdfast`, such as `backup create`. */
  readonly name: string
  /** One line for lists, lower case, no full stop. */
  readonly summary: string
  /** What else a user must know, in whole sentences. */
  readonly description?: string
  /** In the order they are typed; required ones first. */
  readonly arguments?: Arguments
  readonly options?: Options
  /** The settings it reads, whose flags it then accepts; the global ones are always accepted. */
  readonly settings?: readonly SettingName[]
  readonly examples: readonly Example[]
  /** Set where it may run beside a database that has to go first. */
  readonly givesWay?: true
  /** How it can fail, besides `failed`, `usage` and `interrupted`. */
  readonly fails?: readonly ErrorCode[]
  /** Does the work and returns plain data, which is what --json prints. */
  readonly run: (context: Context<Arguments, Options>) => Promise<Result> | Result
  /** The same data for a person; without a final newline. */
  readonly text: (result: Result) => string
  /** Set where a complete result is a failure nevertheless, such as a bad verdict. */
  readonly failure?: (result: Result) => ErrorCode | undefined
}

/** Texts as they were typed, by name; a switch is `true`. */
export type Texts = Readonly<Record<string, string | undefined>>

/** A command whose own types are behind it. */
export interface Command extends Omit<CommandDefinition<Declarations, Declarations, never>, 'run' | 'text' | 'failure'> {
  readonly arguments: Declarations
  readonly options: Declarations
  readonly settings: readonly SettingName[]
  readonly fails: readonly ErrorCode[]
  execute(
    typed: { arguments: Texts; options: Texts },
    rest: Omit<Context<never, never>, 'arguments' | 'options'>,
  ): Promise<Outcome>
}

/** Makes a command of its declaration. */
export function defineCommand<
  const Arguments extends Declarations = Record<never, never>,
  const Options extends Declarations = Record<never, never>,
  Result = unknown,
>(definition: CommandDefinition<Arguments, Options, Result>): Command {
  const { run, text, failure, ...shown } = definition
  const args = definition.arguments ?? {}
  const options = definition.options ?? {}
  return {
    ...shown,
    arguments: args,
    options,
    settings: definition.settings ?? [],
    fails: ['failed', 'usage', 'interrupted', ...(definition.fails ?? [])],
    async execute(typed, rest) {
      const result = await run({
        ...rest,
        arguments: parseAll(args, typed.arguments, argumentLabel) as Values<Arguments>,
        options: parseAll(options, typed.options, optionLabel) as Values<Options>,
      })
      const failed = failure?.(result)
      return { result, text: text(result), ...(failed === undefined ? {} : { failure: failed }) }
    },
  }
}

/** An option without a value, off unless given. */
export function toggle(description: string): OptionDeclaration<boolean> & { default: boolean } {
  return { description, schema: z.stringbool(), default: false }
}

/** An option or argument with a value; the schema turns the typed text into it. */
export function valued<Value, const Rest extends Omit<OptionDeclaration<Value>, 'schema'> & { placeholder: string }>(
  schema: z.ZodType<Value, string>,
  rest: Rest,
): Rest & { schema: z.ZodType<Value, string> } {
  return { ...rest, schema }
}

/** How an option is typed: `--sample`. */
export function optionLabel(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** How an argument is shown: `<id>`. */
export function argumentLabel(name: string): string {
  return `<${name}>`
}

function parseAll(declarations: Declarations, texts: Texts, label: (name: string) => string): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, declared] of Object.entries(declarations)) {
    const text = texts[name]
    if (text === undefined) {
      if (declared.required) {
        throw new HoldfastError('usage', `missing ${label(name)}: ${declared.description}`, {
          hint: `give it as ${shownOption(label(name), declared.example ?? `<${declared.placeholder}>`)}`,
        })
      }
      values[name] = 'default' in declared ? declared.default : undefined
      continue
    }
    const parsed = declared.schema.safeParse(text)
    if (!parsed.success) {
      const problem = parsed.error.issues.map((issue) => issue.message).join('; ')
      throw new HoldfastError('usage', `${label(name)}: ${problem}, found ${shownValue(text)}`, {
        hint: `give it as ${shownOption(label(name), declared.example ?? `<${declared.placeholder}>`)}`,
      })
    }
    values[name] = parsed.data
  }
  return values
}

function shownOption(label: string, value: string): string {
  return label.startsWith('-') ? `${label} ${value}` : value
}
