/** One property in a property record, not decoded: `propertyValue` does that, for whoever wants the value. */
export interface PropertyBlock {
  /** Id of the property key. */
  key: number
  /** How the value is stored; one of {@link blockTypes}. */
  type: number
  /** Where its words are: `size` bytes from `at` on, one stream of bits whose first is the lowest of the first byte. */
  bytes: Buffer
  at: number
  size: number
  /** The bytes of the records that hold the value of a text or an array that is too long for the words; none where the value did not change. */
  records: readonly Buffer[]
}

/** How values are stored: the type of a block, and of the elements of an array. */
export const blockTypes = {
  boolean: 1,
  byte: 2,
  short: 3,
  char: 4,
  int: 5,
  long: 6,
  float: 7,
  double: 8,
  string: 9,
  array: 10,
  shortString: 11,
  shortArray: 12,
  point: 13,
  temporal: 14,
} as const

/** Whether a value is in records of its own, and the words only say where. */
function isElsewhere({ type }: PropertyBlock): boolean {
  return type === blockTypes.string || type === blockTypes.array
}

/** Whether a value is in records of its own that the command leaves out, as it does where the value did not change. */
export function isLeftOut(block: PropertyBlock): boolean {
  return isElsewhere(block) && block.records.length === 0
}

/** Whether two blocks of the same property hold the same value. */
export function sameValue(a: PropertyBlock, b: PropertyBlock): boolean {
  if (a.type !== b.type) return false
  if (!isElsewhere(a)) return sameWords(a, b)
  // The words name the first record, and a value that moves to other records is written there whole.
  if (isLeftOut(a) || isLeftOut(b)) return sameWords(a, b)
  return sameRecords(a.records, b.records)
}

function sameWords(a: PropertyBlock, b: PropertyBlock): boolean {
  if (a.size !== b.size) return false
  for (let index = 0; index < a.size; index++) if (a.bytes[a.at + index] !== b.bytes[b.at + index]) return false
  return true
}

function sameRecords(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false
  return a.every((part, index) => part.equals(b[index]!))
}
