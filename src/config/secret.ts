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

/** A text in which no URI shows a user or a password. */
export function withoutUserinfo(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${placeholder}@`)
}

/** Hides what is as long as a session token, for a server may repeat one that it was sent; no name of an object is as long. */
export function withoutTokens(text: string): string {
  return text.replaceAll(/[\w+/=%-]{200,}/g, '…')
}
