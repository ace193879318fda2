/** Milliseconds that an end is doubtful before what is behind it is searched: at first, and at most; doubled from one search to the next. */
const patience = { first: 5000, longest: 60_000 }

/** What a look at the end of a log file shows. */
export interface SeenEnd {
  logVersion: number
  offset: number
  /** Whether a transaction seems to be cut off there. */
  torn: boolean
  /** When the file was last written, as the file system says it, before that look. */
  written: bigint
}

/**
 * Says when the end of a log is doubtful. A transaction that is being written looks torn, or like zeros, for as long as that takes; damage
 * looks the same, but for what is written behind it meanwhile.
 */
export class StillEnd {
  #at: Pick<SeenEnd, 'logVersion' | 'offset'> | undefined
  /** When the file had last been written when nothing was wrong with that end. */
  #good: bigint | undefined
  #doubtfulSince: number | undefined
  #wait = 0

  /** Whether to search behind that end now. The first one is always searched: nobody knows what happened before. */
  isDoubtful({ logVersion, offset, torn, written }: SeenEnd, now: number): boolean {
    if (this.#at?.logVersion !== logVersion || this.#at.offset !== offset) {
      const isFirst = this.#at === undefined
      this.#at = { logVersion, offset }
      // Zeros are how a log ends, as long as nothing is written while they stay.
      this.#good = isFirst || torn ? undefined : written
      this.#doubtfulSince = undefined
      this.#wait = isFirst ? 0 : patience.first
    }
    if (written === this.#good) {
      this.#doubtfulSince = undefined
      return false
    }
    this.#doubtfulSince ??= now
    if (now - this.#doubtfulSince < this.#wait) return false
    this.#good = written
    this.#doubtfulSince = undefined
    this.#wait = Math.min(patience.longest, Math.max(patience.first, this.#wait * 2))
    return true
  }
}
