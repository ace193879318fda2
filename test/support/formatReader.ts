import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { framed, masterKey, must, objectKey, objectsOf, open, sha256 } from './formatObjects.ts'

// An independent reader of backups, written from docs/format.md alone: it shares no code with src/.

interface Row {
  id: Buffer
  pack: string
  offset: number
  stored: Buffer
  length: number
  encoding: number
  base: number
}

interface Manifest {
  id: string
  blockSize: number
  blockTable: { size: number; sha256: string }
  databases: { files: { path: string; size: number; firstBlock: number; blocks: number }[] }[]
}

/** Reads all backups of a repository in a directory: for each its manifest, its files and the encodings of their blocks. */
export function readRepository(
  directory: string,
  secret?: Buffer,
): { manifest: Manifest; files: Record<string, Buffer>; encodings: Set<number> }[] {
  const object = objectsOf(directory)
  const master = masterKey(directory, secret)

  return readdirSync(join(directory, 'backups')).map((id) => {
    const manifestName = `backups/${id}/manifest`
    const manifest = JSON.parse(framed(object(manifestName), 'manifest', manifestName, master).toString('utf8')) as Manifest
    must(manifest.id === id, 'manifest under another name')
    const tableName = `backups/${id}/blocks`
    must(object(tableName).length === manifest.blockTable.size, 'size of the block table')
    must(sha256(object(tableName)).toString('hex') === manifest.blockTable.sha256, 'digest of the block table')
    const rows = readRows(framed(object(tableName), 'blocks', tableName, master), object)
    const files: Record<string, Buffer> = {}
    const encodings = new Set<number>()
    for (const file of manifest.databases.flatMap((database) => database.files)) {
      const blocks = rows.slice(file.firstBlock, file.firstBlock + file.blocks)
      must(
        blocks.length === file.blocks && blocks.slice(0, -1).every((row) => row.length === manifest.blockSize),
        'blocks of a file',
      )
      for (const { encoding } of blocks) encodings.add(encoding)
      files[file.path] = Buffer.concat(blocks.map((row) => decode(row, rows, master)))
      must(files[file.path]!.length === file.size, 'size of a file')
    }
    return { manifest, files, encodings }
  })
}

function readRows(table: Buffer, object: (name: string) => Buffer): Row[] {
  const [packs, blocks, bases] = [table.readUInt32LE(0), table.readUInt32LE(4), table.readUInt32LE(8)]
  must(table.length === 12 + packs * 24 + (blocks + bases) * 52, 'length of the block table')
  const names = Array.from({ length: packs }, (_, index) => {
    const id = table.toString('hex', 12 + index * 24, 12 + index * 24 + 16)
    const name = `packs/${id.slice(0, 2)}/${id}.pack`
    must(BigInt(object(name).length) === table.readBigUInt64LE(12 + index * 24 + 16), 'size of a pack')
    must(object(name).toString('latin1', 0, 8) === 'HFPACK01' && object(name).toString('hex', 8, 24) === id, 'start of a pack')
    return name
  })
  return Array.from({ length: blocks + bases }, (_, index) => {
    const at = 12 + packs * 24 + index * 52
    const number = (field: number) => table.readUInt32LE(at + 32 + field * 4)
    const encoding = table.readUInt8(at + 47)
    const pack = encoding === 2 ? '' : names[number(0)]!
    const stored = encoding === 2 ? Buffer.alloc(0) : object(pack).subarray(number(1), number(1) + number(2))
    return {
      id: table.subarray(at, at + 32),
      pack,
      offset: number(1),
      stored,
      length: table.readUIntLE(at + 44, 3),
      encoding,
      base: number(4),
    }
  })
}

function decode(row: Row, rows: Row[], master?: Buffer): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(row.offset, 8)
  const stored = master && row.encoding !== 2 ? open(objectKey(master, row.pack), nonce, row.stored) : row.stored
  const plain = [
    () => stored,
    () => zstdDecompressSync(stored),
    () => Buffer.alloc(row.length),
    () => {
      const base = decode(rows[row.base]!, rows, master)
      return Buffer.from(zstdDecompressSync(stored).map((byte, at) => byte ^ base[at]!))
    },
  ][row.encoding]!()
  must(plain.length === row.length && sha256(plain).equals(row.id), 'content of a block')
  return plain
}
