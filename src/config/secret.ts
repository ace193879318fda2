import { inspect } from 'node:util'

const placeholder = '[secret]'

/** A password or passphrase that shows itself only to who asks for it by name: printed, logged or serialised it is `[secret]`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return placeholder
  }

  toJSON(): string {
    return placeholder
  }

  [inspect.custom](): string {
    return placeholder
  }
}

/** A value that was given as text, for an error: what may be a user and a password before an `@` is hidden. */
export function shownValue(text: string): string {
  const at = text.lastIndexOf('@')
  if (!text.slice(0, Math.max(0, at)).includes(':')) return JSON.stringify(text)
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ''
  return JSON.stringify(`${scheme}${placeholder}${text.slice(at)}`)
}

/**
 * A text in which no URI shows a user or a password. It is read once from start to end, for it may be long and somebody else's; an `@` in
 * what follows the host is none of a user, so that the place of an object stays what it is.
 */
export function withoutUserinfo(text: string): string {
  let shown = ''
  let told = 0
  for (let mark = text.indexOf('://'); mark !== -1; mark = text.indexOf('://', Math.max(mark + 3, told))) {
    const end = endOfUser(text, mark + 3)
    if (end === undefined) continue
    shown += text.slice(told, mark + 3) + placeholder
    told = end
  }
  return shown + text.slice(told)
}

/** Where the `@` is behind the user that begins here; undefined where there is no user. */
function endOfUser(text: string, start: number): number | undefined {
  const host = matchAt(/[^\s"'<>/?#]*/y, text, start)
  if (host.includes('@')) return start + matchAt(/[^\s"'<>]*/y, text, start).lastIndexOf('@')
  // What follows the colon is no port: a password, which may hold what else ends a host.
  if (!/^[^[:]*:(?!\d*$|\d+\W)/.test(host)) return undefined
  const password = matchAt(/[^\s"'<>]{0,200}@/y, text, start) || matchAt(/[^\r\n"@]{0,200}@/y, text, start)
  return password === '' ? undefined : start + password.length - 1
}

function matchAt(pattern: RegExp, text: string, start: number): string {
  pattern.lastIndex = start
  return pattern.exec(text)?.[0] ?? ''
}

/** Hides what is as long and as mixed as a session token, for a server may repeat one that it was sent. */
export function withoutTokens(text: string): string {
  return text.replaceAll(/(?<![\w+/=%-])[\w+/=%-]{200,}/g, (run) => (isMixed(run) ? '…' : run))
}

/** Whether large letters, small letters and digits all are a good part of a text, as in base64, and seldom in a name. */
function isMixed(text: string): boolean {
  return [/[A-Z]/g, /[a-z]/g, /\d/g].every((kind) => text.length - text.replaceAll(kind, '').length >= text.length / 20)
}
