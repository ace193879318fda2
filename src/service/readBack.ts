import { integrityError } from '../core/errors.ts'
import type { Link } from '../repository/archiveChain.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { twoHistories } from '../repository/oneHistory.ts'
import { segmentName } from '../repository/segmentName.ts'

/** Reads the newest archived log of a database back: the archive goes on behind its name alone, and nothing could be restored through it if it is damaged. */
export class ReadBack {
  readonly #warn: (message: string) => void
  /** The segment that was found whole last, by database: an archiver that fails begins again and again. */
  readonly #whole = new Map<string, string>()

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  /** Whether the segment of a link is whole, and of one history; one that is not is warned of. */
  async isWhole(database: string, history: ArchivedHistory, link: Link): Promise<boolean> {
    const name = segmentName(link.segment)
    if (this.#whole.get(database) === name) return true
    try {
      const parting = await history.read(link, () => {})
      if (parting && parting.first <= link.upTo) throw twoHistories(parting)
    } catch (error) {
      const { message } = integrityError(error)
      this.#warn(`the newest archived log of ${database} leads nowhere, and the archive needs a backup behind it: ${message}`)
      return false
    }
    this.#whole.set(database, name)
    return true
  }
}
