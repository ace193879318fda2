import type { KeyObject } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { Storage } from '../storage/storage.ts'

/** What the parts of this folder need to work on an opened repository. */
export interface Access {
  readonly id: string
  readonly storage: Storage
  readonly clock: Clock
  /** Present exactly where the repository is encrypted. */
  readonly master: KeyObject | undefined
}
