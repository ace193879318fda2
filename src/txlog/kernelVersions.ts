import { HoldfastError } from '../core/errors.ts'

/** Where the fields of a START entry lie, in bytes from the entry's first byte; a field the version lacks is -1. */
export interface StartLayout {
  previousChecksum: number
  appendIndex: number
  headerLength: number
  /** The length of the entry when its additional header is empty. */
  length: number
}

/** Which fields a checkpoint record has besides those that all versions have, and its fixed length in bytes. */
export interface CheckpointLayout {
  oldestNotCompleted: boolean
  appendIndexes: boolean
  consensusIndexes: number
  length: number
}

/** What the first byte of every log entry, the kernel version, says about the entry. */
export interface KernelVersion {
  byte: number
  name: string
  start: StartLayout
  checkpoint: CheckpointLayout
  /** The format of the log files that a server of this version begins. */
  logFormat: number
}

interface Difference {
  startFields?: readonly StartField[]
  checkpoint?: Partial<CheckpointLayout>
  logFormat?: number
}

type StartField = 'previousChecksum' | 'appendIndex' | 'sequenceNumber'

const startFieldLengths = { previousChecksum: 4, appendIndex: 8, sequenceNumber: 8 } as const

/** Each version with what differs from the one before it; docs/transaction-log.md says where this was observed. */
const differences: readonly (readonly [byte: number, name: string, difference?: Difference])[] = [
  [
    5,
    'V5_0',
    {
      logFormat: 8,
      startFields: ['previousChecksum'],
      checkpoint: { oldestNotCompleted: false, appendIndexes: false, consensusIndexes: 0, length: 232 },
    },
  ],
  [6, 'V5_7', { checkpoint: { consensusIndexes: 1 } }],
  [7, 'V5_8'],
  [8, 'V5_9'],
  [9, 'V5_10'],
  [10, 'V5_11'],
  [11, 'V5_12'],
  [12, 'V5_13'],
  [13, 'V5_14'],
  [14, 'V5_15'],
  [15, 'V5_18'],
  [16, 'V5_19'],
  [17, 'V5_20', { logFormat: 9, startFields: ['previousChecksum', 'appendIndex'], checkpoint: { appendIndexes: true } }],
  [18, 'V5_22', { checkpoint: { oldestNotCompleted: true } }],
  [19, 'V5_23'],
  [20, 'V5_25'],
  [21, 'V2025_04'],
  [22, 'V2025_05', { startFields: ['appendIndex'] }],
  [23, 'V2025_07'],
  [24, 'V2025_08'],
  [25, 'V2025_09'],
  [26, 'V2025_10'],
  [27, 'V2025_11'],
  [28, 'V2026_01'],
  [29, 'V2026_02'],
  [30, 'V2026_06', { startFields: ['appendIndex', 'sequenceNumber'] }],
  [31, 'V2026_07'],
  [32, 'V2026_08', { checkpoint: { length: 486 } }],
  [33, 'V2026_10', { checkpoint: { consensusIndexes: 2 } }],
]

/** The known kernel versions, indexed by their byte. */
export const kernelVersions: readonly (KernelVersion | undefined)[] = buildTable()

/** The formats of log files that Holdfast reads. */
export const logFormats: ReadonlySet<number> = new Set(kernelVersions.flatMap((version) => version?.logFormat ?? []))

/** The range of kernel versions that Holdfast reads, for hints: `5 (V5_0) to 33 (V2026_10)`. */
export const supportedVersions = describeRange()

/** The error for a log written by a version of Neo4j that Holdfast does not know; `place` is its file and offset. */
export function unknownKernelVersion(byte: number, place: string): HoldfastError {
  return new HoldfastError('failed', `${place}: unknown kernel version ${byte} in the transaction log`, {
    hint: `This version of Holdfast reads kernel versions ${supportedVersions}; use a version that knows this Neo4j.`,
  })
}

function buildTable(): (KernelVersion | undefined)[] {
  const table: (KernelVersion | undefined)[] = []
  let logFormat = 0
  let startFields: readonly StartField[] = []
  let checkpoint: CheckpointLayout = { oldestNotCompleted: false, appendIndexes: false, consensusIndexes: 0, length: 0 }
  for (const [byte, name, difference = {}] of differences) {
    logFormat = difference.logFormat ?? logFormat
    startFields = difference.startFields ?? startFields
    checkpoint = { ...checkpoint, ...difference.checkpoint }
    table[byte] = { byte, name, start: startLayout(startFields), checkpoint, logFormat }
  }
  return table
}

function startLayout(fields: readonly StartField[]): StartLayout {
  const offsets = { previousChecksum: -1, appendIndex: -1, sequenceNumber: -1 }
  // After version, type, time written and last committed id: 1 + 1 + 8 + 8 bytes.
  let offset = 18
  for (const field of fields) {
    offsets[field] = offset
    offset += startFieldLengths[field]
  }
  return {
    previousChecksum: offsets.previousChecksum,
    appendIndex: offsets.appendIndex,
    headerLength: offset,
    length: offset + 4,
  }
}

function describeRange(): string {
  const known = kernelVersions.filter((version) => version !== undefined)
  const label = (version: KernelVersion | undefined) => (version ? `${version.byte} (${version.name})` : 'none')
  return `${label(known[0])} to ${label(known.at(-1))}`
}
