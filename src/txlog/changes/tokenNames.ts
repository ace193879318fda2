import type { TokenKind } from '../commands/tokenCommand.ts'
import type { NewToken } from './transactionChanges.ts'

/** The names behind the numbers of labels, relationship types and property keys. A number is never given to another name. */
export class TokenNames {
  readonly #names: Readonly<Record<TokenKind, Map<number, string>>> = {
    label: new Map(),
    'relationship type': new Map(),
    'property key': new Map(),
  }

  /** The name behind a number, or the number itself, such as `#12`, where the name is not known. */
  name(of: TokenKind, id: number): string {
    return this.#names[of].get(id) ?? `#${id}`
  }

  /** All numbers of a kind that are known, with their names. */
  all(of: TokenKind): ReadonlyMap<number, string> {
    return this.#names[of]
  }

  /** Learns what a transaction or a store file says. */
  add({ of, id, name }: NewToken): void {
    this.#names[of].set(id, name)
  }
}
