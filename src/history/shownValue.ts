import type { PointValue, PropertyValue, Scalar } from '../txlog/commands/graphValue.ts'

type Plain = boolean | bigint | number | string | PointValue

/** A value as plain data: what JSON has no form for, such as bytes and `NaN`, is a text, and the type tells what it is. */
export interface ShownValue {
  type: PropertyValue['type']
  /** The type of the elements of a list. */
  of?: Scalar['type']
  value: Plain | Plain[]
}

/** Makes plain data of a value; bytes become base64. */
export function shownValue(value: PropertyValue): ShownValue {
  switch (value.type) {
    case 'bytes':
      return { type: value.type, value: value.value.toString('base64') }
    case 'list':
      return { type: value.type, of: value.of, value: value.value.map(plain) }
    default:
      return { type: value.type, value: plain(value.value) }
  }
}

/** A value as a short text, as in Cypher as far as it has one: `'Ada'`, `42`, `2024-05-01`, `[1, 2]`. */
export function valueText({ type, of, value }: ShownValue, longest = 80): string {
  if (Array.isArray(value)) return shorten(`[${value.map((element) => plainText(of, element)).join(', ')}]`, longest)
  return shorten(plainText(type, value), longest)
}

/** What is typed to find a value: a text as it is, anything else as {@link valueText} has it. */
export function searchText(value: PropertyValue): string {
  return value.type === 'string' ? value.value : valueText(shownValue(value), Number.POSITIVE_INFINITY)
}

function plain(value: Scalar['value']): Plain {
  if (typeof value !== 'number') return value
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value)
}

function plainText(type: ShownValue['type'] | undefined, value: Plain): string {
  if (typeof value === 'object') return `point(${value.coordinates.join(', ')}; srid ${value.srid})`
  if (typeof value === 'number') return Number.isInteger(value) ? value.toFixed(1) : String(value)
  if (type === 'string')
    return `'${String(value)
      .replaceAll(/[\\']/g, '\\$&')
      .replaceAll(/\p{Cc}/gu, escaped)}'`
  return type === 'bytes' ? `bytes ${value}` : String(value)
}

/** A control character must not reach a terminal. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function shorten(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}… (${text.length} characters)`
}
