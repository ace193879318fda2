import { latestTime } from '../core/clock.ts'

/** A slice of one log file, whole transactions only, as its name in the repository says. */
export interface SegmentName {
  lineage: string
  /** Ids of the first and last transaction. */
  first: number
  last: number
  /** CRC-32C of the last transaction, as its COMMIT entry says, unsigned. */
  checksum: number
  /** The latest commit time of all its transactions, milliseconds since 1970: commit times need not grow with the ids. */
  latest: number
  /** The N of `neostore.transaction.db.N`. */
  logVersion: number
  /** Bytes of that file from `start` up to `end`; a slice that begins the file has its header. */
  start: number
  end: number
}

export const archivePrefix = 'archive/'

/** Ids in names have so many digits, so that the order of names is the order of transactions. */
const idDigits = 16
/** `archive/<lineage>/<first>-<last>-<checksum>-<latest>-<log version>-<start>-<end>.segment` */
export function segmentName({ lineage, first, last, checksum, latest, logVersion, start, end }: SegmentName): string {
  const ids = [first, last].map((id) => String(id).padStart(idDigits, '0'))
  const rest = [checksum.toString(16).padStart(8, '0'), latest, logVersion, start, end]
  return `${lineagePrefix(lineage)}${[...ids, ...rest].join('-')}.segment`
}

/** What the name of a segment says; undefined for a name that is none. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = /^archive\/([^/]+)\/(\d{16})-(\d{16})-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-(\d+)\.segment$/.exec(name)
  if (!match) return undefined
  const [, lineage = '', , , checksum = ''] = match
  const [first, last, latest, logVersion, start, end] = [2, 3, 5, 6, 7, 8].map((group) => Number(match[group])) as Six
  const parsed = { lineage, first, last, checksum: Number.parseInt(checksum, 16), latest, logVersion, start, end }
  const sound =
    isLineageId(lineage) &&
    first <= last &&
    start < end &&
    latest <= latestTime &&
    [last, logVersion, end].every(Number.isSafeInteger)
  return sound && segmentName(parsed) === name ? parsed : undefined
}

type Six = [number, number, number, number, number, number]

function lineagePrefix(lineage: string): string {
  return `${archivePrefix}${lineage}/`
}

/** The object that says what a lineage is. */
export function lineageName(lineage: string): string {
  return `${lineagePrefix(lineage)}lineage`
}

/** The lineage whose description an object is; undefined for any other object. */
export function lineageOfName(name: string): string | undefined {
  const lineage = /^archive\/([^/]+)\/lineage$/.exec(name)?.[1]
  return lineage !== undefined && isLineageId(lineage) ? lineage : undefined
}

/** A marker: the transactions from `first` to `last` were pruned before they could be archived. */
export function gapName({ lineage, first, last }: Pick<SegmentName, 'lineage' | 'first' | 'last'>): string {
  const ids = [first, last].map((id) => String(id).padStart(idDigits, '0'))
  return `${lineagePrefix(lineage)}${ids.join('-')}.gap`
}

/** What the name of a gap's marker says; undefined for a name that is none. */
export function parseGapName(name: string): Pick<SegmentName, 'lineage' | 'first' | 'last'> | undefined {
  const match = /^archive\/([^/]+)\/(\d{16})-(\d{16})\.gap$/.exec(name)
  if (!match) return undefined
  const gap = { lineage: match[1]!, first: Number(match[2]), last: Number(match[3]) }
  return isLineageId(gap.lineage) && gap.first <= gap.last && gapName(gap) === name ? gap : undefined
}

/** The store's own creation time and random number, as text; the lineage a store begins with. */
export function rootLineage({ creationTime, random }: { creationTime: number | string; random: string }): string {
  const time = new Date(Number(creationTime)).toISOString().replaceAll(/[-:.]/g, '')
  return `${time}-${BigInt.asUintN(64, BigInt(random)).toString(16).padStart(16, '0')}`
}

/** A lineage that branches off: named by its first transaction, so that whoever meets it names it alike. */
export function branchLineage(root: string, first: { id: number; checksum: number }): string {
  return `${root}-${first.id}-${first.checksum.toString(16).padStart(8, '0')}`
}

/** The store's own lineage, of which this one is a branch or the same. */
export function rootOf(lineage: string): string {
  return lineage.split('-', 2).join('-')
}

function isLineageId(text: string): boolean {
  return /^\d{8}T\d{9}Z-[0-9a-f]{16}(-\d+-[0-9a-f]{8})?$/.test(text)
}
