import type { DecodingStop } from '../txlog/commands/decodeTransaction.ts'
import type { ShownChange } from './shownChange.ts'
import type { Summary } from './summary.ts'

/** A transaction of the log, as plain data. */
export interface ShownTransaction extends Summary {
  id: number
  /** When it was committed, in ISO 8601. */
  committed: string
  /** Its length in bytes, and where in which log file it begins. */
  size: number
  logVersion: number
  offset: number
  kernelVersion: number
  /** How many of its changes are what was asked for; only where certain changes were. */
  matching?: number
  /** Those changes, or all of them where nothing certain was asked for; null where there was no room to keep them. Only where wanted. */
  changes?: ShownChange[] | null
  /** How many more there are, where one transaction has more than there is room for. */
  changesLeftOut?: number
  /** Where and why it could not be decoded to its end; then the rest of it is not known. */
  undecoded?: DecodingStop
}
