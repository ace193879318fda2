import { hash } from 'node:crypto'
import type { StorageOptions } from '../storage/storage.ts'
import { ObjectMissingError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { encodings } from './block.ts'
import { type BlockLocation, rowId, rowLength, rowLocation } from './blockRow.ts'
import { tagLength } from './encryption.ts'
import { filesOf, type Manifest } from './manifest.ts'
import { blockTableName } from './names.ts'
import { packHeaderLength } from './pack.ts'
import { damage, longestHeader, readObject, seal, unseal } from './sealed.ts'

/** Number of packs, blocks, bases (u32 each). */
const headLength = 12
/** Id (16 bytes) and size (u64) of a pack. */
const packEntryLength = 24

export interface PackReference {
  /** 32 hexadecimal digits. */
  id: string
  /** Bytes of the whole object. */
  size: number
}

/**
 * Where each block of a backup lies: rows in the order of the manifest's files and of the blocks in each, and behind them the bases
 * of those that are stored as a difference.
 */
export interface BlockTable {
  readonly backup: string
  readonly packs: readonly PackReference[]
  /** Number of blocks of the backup. */
  readonly length: number
  /** Number of rows: the blocks and the bases. */
  readonly rows: number
  /** SHA-256 of a block's plaintext; a view into the table. */
  id(index: number): Buffer
  location(index: number): BlockLocation
}

/** The bytes of a block table as they are stored; the first `length` rows are those of blocks, the others of bases. */
export function encodeBlockTable(
  { master }: Access,
  backup: string,
  { packs, length, rows }: { packs: readonly PackReference[]; length: number; rows: Buffer },
): Buffer {
  const head = Buffer.alloc(headLength + packs.length * packEntryLength)
  head.writeUInt32LE(packs.length, 0)
  head.writeUInt32LE(length, 4)
  head.writeUInt32LE(rows.length / rowLength - length, 8)
  for (const [index, pack] of packs.entries()) {
    head.write(pack.id, headLength + index * packEntryLength, 'hex')
    head.writeBigUInt64LE(BigInt(pack.size), headLength + index * packEntryLength + 16)
  }
  return seal({ kind: 'blocks', name: blockTableName(backup), master }, Buffer.concat([head, rows]))
}

/**
 * Reads the block table that a manifest names.
 * @throws ObjectMissingError, or HoldfastError `integrity` where it is not the one the manifest names.
 */
export async function readBlockTable(access: Access, manifest: Manifest, options: StorageOptions = {}): Promise<BlockTable> {
  const name = blockTableName(manifest.id)
  const { storage } = access
  const found = await storage.stat(name)
  if (found === undefined) throw new ObjectMissingError(storage.location, name)
  requireSize(manifest, found.size, storage.location)
  return parseBlockTable(access, manifest, await readObject(storage, name, manifest.blockTable.size, options.signal))
}

/** Checks every entry of a stored block table against the format and against its manifest. @throws HoldfastError `integrity` */
export function parseBlockTable({ storage, master }: Access, manifest: Manifest, object: Buffer): BlockTable {
  const name = blockTableName(manifest.id)
  const damaged = (expected: string, found: string) => damage(name, storage.location, expected, found)
  const { sha256 } = manifest.blockTable
  requireSize(manifest, object.length, storage.location)
  const digest = hash('sha256', object, 'hex')
  if (digest !== sha256) throw damaged(`SHA-256 ${sha256} as its manifest says`, digest)
  const table = parse(unseal({ kind: 'blocks', name, master }, object, storage.location), manifest, damaged)
  if (table.length !== manifest.totals.blocks) throw damaged(`${manifest.totals.blocks} blocks`, `${table.length}`)
  for (const { path, size: fileSize, firstBlock, blocks } of filesOf(manifest)) {
    for (let block = 0; block < blocks; block++) {
      const expected = Math.min(manifest.blockSize, fileSize - block * manifest.blockSize)
      const found = table.location(firstBlock + block).plain
      if (found !== expected) throw damaged(`${expected} bytes in block ${block} of ${path}`, `${found}`)
    }
  }
  return table
}

/** Each block and its base have a row, and at most a pack of their own: what is larger is not worth reading. */
function requireSize({ id, blockTable: { size }, totals: { blocks } }: Manifest, found: number, location: string): void {
  const most = longestHeader + 1 + headLength + 2 * blocks * (rowLength + packEntryLength) + tagLength
  if (found !== size) throw damage(blockTableName(id), location, `${size} bytes`, `${found}`)
  if (size > most) throw damage(blockTableName(id), location, `at most ${most} bytes for ${blocks} blocks`, `${size}`)
}

function parse(content: Buffer, manifest: Manifest, damaged: (expected: string, found: string) => Error): BlockTable {
  const [packCount, length, bases] = [0, 4, 8].map((at) => (content.length >= headLength ? content.readUInt32LE(at) : 0)) as [
    number,
    number,
    number,
  ]
  const start = headLength + packCount * packEntryLength
  const rows = length + bases
  const expected = start + rows * rowLength
  if (content.length !== expected)
    throw damaged(`${expected} bytes for ${packCount} packs, ${length} blocks and ${bases} bases`, `${content.length}`)

  const packs = Array.from({ length: packCount }, (_, index) => ({
    id: content.toString('hex', headLength + index * packEntryLength, headLength + index * packEntryLength + 16),
    size: Number(content.readBigUInt64LE(headLength + index * packEntryLength + 16)),
  }))
  const at = (index: number) => {
    if (!(index >= 0 && index < rows)) throw new RangeError(`row ${index} of ${rows}`)
    return start + index * rowLength
  }
  const checked = (index: number) => {
    const found = rowLocation(content, at(index))
    if (!found || found.plain > manifest.blockSize || !fits(found, packs))
      throw damaged(`a valid entry in row ${index}`, JSON.stringify(found))
    return found
  }
  for (let index = 0; index < rows; index++) {
    const found = checked(index)
    if (!hasFittingBase(found, index, length, rows, checked)) throw damaged(`a base for row ${index}`, JSON.stringify(found))
  }
  return { backup: manifest.id, packs, length, rows, id: (index) => rowId(content, at(index)), location: checked }
}

function fits(found: BlockLocation, packs: readonly PackReference[]): boolean {
  if (found.encoding === encodings.zero) return found.pack === 0 && found.offset === 0 && found.stored === 0
  const pack = packs[found.pack]
  return pack !== undefined && found.offset >= packHeaderLength && found.offset + found.stored <= pack.size
}

/** A base is whole, so that a block never needs more than one other; only a difference has one. */
function hasFittingBase(
  { encoding, base, plain }: BlockLocation,
  index: number,
  length: number,
  rows: number,
  at: (row: number) => BlockLocation,
): boolean {
  if (encoding !== encodings.difference) return base === 0
  if (index >= length || base < length || base >= rows) return false
  const found = at(base)
  return found.plain === plain && (found.encoding === encodings.raw || found.encoding === encodings.zstd)
}
