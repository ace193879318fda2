import { HoldfastError } from '../core/errors.ts'

const segment = /^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$/

/** Whether a text can be one part of an object name. */
export function isSegment(text: string): boolean {
  return segment.test(text)
}

/** Refuses what is not an object name: 1 to 512 characters, segments of `[a-zA-Z0-9._-]` that do not start with a dot, joined by `/`. */
export function checkName(name: string): void {
  if (name.length > 512 || !name.split('/').every((part) => segment.test(part))) throw refusal('an object name', name)
}

/** Refuses what cannot be the start of an object name; the empty prefix means every object. */
export function checkPrefix(prefix: string): void {
  const parts = prefix.split('/')
  const last = parts.pop() ?? ''
  if (prefix.length > 512 || !parts.every((part) => segment.test(part)) || (last !== '' && !segment.test(last))) {
    throw refusal('the start of an object name', prefix)
  }
}

function refusal(what: string, found: string): HoldfastError {
  return new HoldfastError('failed', `expected ${what} such as packs/0f/x.pack, found ${JSON.stringify(found.slice(0, 100))}`)
}
