/** The files of a store that hold the names of labels, relationship types and property keys: their records, and the texts of the names. */
export const tokenStoreFiles = {
  label: { records: 'neostore.labeltokenstore.db', names: 'neostore.labeltokenstore.db.names', recordLength: 5 },
  'relationship type': {
    records: 'neostore.relationshiptypestore.db',
    names: 'neostore.relationshiptypestore.db.names',
    recordLength: 5,
  },
  'property key': {
    records: 'neostore.propertystore.db.index',
    names: 'neostore.propertystore.db.index.keys',
    recordLength: 9,
  },
} as const

/** The name of a token. */
interface StoredToken {
  id: number
  name: string
}

/** Records never go across the border of a page. */
const pageLength = 8192
const nameHeaderLength = 8
const noRecord = 0xffff_ffff

/**
 * Reads the tokens of one kind from the bytes of their two files, whose numbers are big-endian. While the server runs they may be behind its
 * log, or half written: what is not whole is left out.
 */
export function readTokenStore(records: Buffer, names: Buffer, recordLength: number): StoredToken[] {
  // The first record of the file of names is its header, which says how long each is.
  const nameLength = names.length < 4 ? 0 : names.readUInt32BE(0)
  if (nameLength <= nameHeaderLength || nameLength > pageLength) return []
  const tokens: StoredToken[] = []
  for (let id = 0; ; id++) {
    const at = offsetOf(id, recordLength)
    if (at + recordLength > records.length) return tokens
    if ((records[at]! & 1) === 0) continue
    // The number of the first record of the name comes last.
    const name = readName(names, nameLength, records.readUInt32BE(at + recordLength - 4))
    if (name !== undefined) tokens.push({ id, name })
  }
}

/** Follows a name from record to record; undefined where one of them is not there. */
function readName(names: Buffer, recordLength: number, first: number): string | undefined {
  const parts: Buffer[] = []
  let record = first
  for (let left = Math.ceil(names.length / recordLength); left > 0; left--) {
    const at = offsetOf(record, recordLength)
    if (at + recordLength > names.length || (names[at]! & 0x10) === 0) return undefined
    const length = names.readUIntBE(at + 1, 3)
    if (length > recordLength - nameHeaderLength) return undefined
    parts.push(names.subarray(at + nameHeaderLength, at + nameHeaderLength + length))
    const next = names.readUInt32BE(at + 4)
    if (next === noRecord) return Buffer.concat(parts).toString('utf8')
    record = next
  }
  return undefined
}

function offsetOf(record: number, recordLength: number): number {
  const perPage = Math.floor(pageLength / recordLength)
  return Math.floor(record / perPage) * pageLength + (record % perPage) * recordLength
}
