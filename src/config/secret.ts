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
