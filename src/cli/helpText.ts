import { environmentName, type Setting } from '../config/declaration.ts'
import { hasFlag, type SettingName, settings } from '../config/settings.ts'
import type { Command, OptionDeclaration } from './command.ts'
import { exitCodeRows, formatExitCodes } from './exitCodes.ts'

/** A setting in a list of options: what it is, its default and its environment names. */
export function settingDescription(name: SettingName): string {
  const declared: Setting<unknown> = settings[name]
  const fallback = defaultText(declared)
  const names = [environmentName(name), ...(declared.aliases ?? [])]
  return `${withUnit(declared.description, declared.unit)} (${fallback === undefined ? '' : `default: ${fallback}; `}also ${names.join(', ')})`
}

/** The default of a setting as text, or undefined where it has none worth telling. */
export function defaultText(declared: Setting<unknown>): string | undefined {
  if (declared.defaultText !== undefined) return declared.defaultText
  const { default: fallback } = declared
  return typeof fallback === 'string' || typeof fallback === 'number' ? String(fallback) : undefined
}

/** An option in a list of options. */
export function optionDescription({ description, unit, required, default: fallback }: OptionDeclaration<unknown>): string {
  const notes = [
    ...(required ? ['required'] : []),
    ...(typeof fallback === 'string' || typeof fallback === 'number' ? [`default: ${fallback}`] : []),
  ]
  return `${withUnit(description, unit)}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`
}

/** What follows the options in a command's help: examples and exit codes. */
export function commandNotes({ examples, fails, settings: read }: Command): string {
  const shown = examples.map(({ command, purpose }) => `  # ${purpose}\n  ${command}`).join('\n')
  const codes = formatExitCodes(exitCodeRows(fails)).split('\n').slice(1)
  return `${environmentNotes(read)}Examples:\n${shown}\n\nExit codes:\n${codes.join('\n')}`
}

/** The settings that have no flag: secrets, which only the environment holds. */
function environmentNotes(read: readonly SettingName[]): string {
  const lines = read
    .filter((name) => !hasFlag(name))
    .map((name) => {
      const declared: Setting<unknown> = settings[name]
      return `  ${[environmentName(name), ...(declared.aliases ?? [])].join(', ')}: ${declared.description}`
    })
  return lines.length === 0 ? '' : `Environment:\n${lines.join('\n')}\n\n`
}

function withUnit(description: string, unit: string | undefined): string {
  return unit === undefined ? description : `${description}, in ${unit}`
}
