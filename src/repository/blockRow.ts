import { digestLength, type Encoding, encodings } from './block.ts'

/** Bytes of one entry: SHA-256, pack (u32), offset (u32), stored length (u32), plain length (u24), encoding (u8), base row (u32); little-endian. */
export const rowLength = 52

/** Where a block lies. */
export interface BlockLocation {
  /** Index into a list of packs that goes with the row. */
  pack: number
  /** Bytes from the start of the pack. */
  offset: number
  /** Bytes in the pack. */
  stored: number
  /** Bytes of plaintext. */
  plain: number
  encoding: Encoding
  /** The row of the block that a difference is to; 0 for any other encoding. */
  base: number
}

export function writeRow(target: Buffer, at: number, id: Buffer, location: BlockLocation): void {
  id.copy(target, at)
  target.writeUInt32LE(location.pack, at + digestLength)
  target.writeUInt32LE(location.offset, at + digestLength + 4)
  target.writeUInt32LE(location.stored, at + digestLength + 8)
  target.writeUIntLE(location.plain, at + digestLength + 12, 3)
  target.writeUInt8(location.encoding, at + digestLength + 15)
  target.writeUInt32LE(location.base, at + digestLength + 16)
}

/** The id in a row; a view, not a copy. */
export function rowId(source: Buffer, at: number): Buffer {
  return source.subarray(at, at + digestLength)
}

/** @returns undefined where the encoding is none that the format knows. */
export function rowLocation(source: Buffer, at: number): BlockLocation | undefined {
  const encoding = source.readUInt8(at + digestLength + 15)
  if (!isEncoding(encoding)) return undefined
  return {
    pack: source.readUInt32LE(at + digestLength),
    offset: source.readUInt32LE(at + digestLength + 4),
    stored: source.readUInt32LE(at + digestLength + 8),
    plain: source.readUIntLE(at + digestLength + 12, 3),
    encoding,
    base: source.readUInt32LE(at + digestLength + 16),
  }
}

function isEncoding(encoding: number): encoding is Encoding {
  return Object.values<number>(encodings).includes(encoding)
}
