import { zstdDecompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { framed, masterKey, must, objectKey, objectNames, objectsOf, open, sha256 } from './formatObjects.ts'

// An independent reader of all but the backups, written from docs/format.md, and for transactions docs/transaction-log.md, alone.

type Json = Record<string, unknown>

/** What the archive, the proofs, the leases and the markers of a repository say: by name, segments by the length and SHA-256 of their log. */
export interface ArchiveContent {
  lineages: Record<string, Json>
  segments: Record<string, string>
  gaps: Record<string, Json>
  proofs: Record<string, Json>
  leases: Record<string, Json>
  damaged: Record<string, Json>
}

const lineageId = String.raw`\d{8}T\d{9}Z-[0-9a-f]{16}(?:-\d+-[0-9a-f]{8})?`
const segment = new RegExp(`^archive/${lineageId}/(\\d{16})-(\\d{16})-([0-9a-f]{8})-(\\d+)-(\\d+)-(\\d+)-(\\d+)\\.segment$`)

/** Each field that there is, and whether it must be there. */
const fields = {
  lineage: {
    id: true,
    database: true,
    storeId: true,
    created: true,
    branch: false,
    origin: false,
    besides: false,
    others: false,
  },
  gap: { lineage: true, first: true, last: true, after: false, found: true },
  proof: { backup: true, time: true, neo4j: true, ends: true, checks: true },
  lease: { holder: true, process: true, command: true, acquired: true, expires: true, released: true },
  damaged: { pack: true, found: true, problem: true },
  process: { host: true, pid: true, boot: false, pidNamespace: false, started: false },
}

function requireFields(kind: keyof typeof fields, value: Json, name: string): void {
  for (const [field, isNeeded] of Object.entries(fields[kind])) must(!isNeeded || field in value, `${field} in ${name}`)
  for (const field of Object.keys(value)) must(field in fields[kind], `${field} in ${name}, which is not described`)
}

/** Reads them all, of a repository in a directory; refuses any object whose name docs/format.md does not have. */
export function readArchive(directory: string, secret?: Buffer): ArchiveContent {
  const master = masterKey(directory, secret)
  const content: ArchiveContent = { lineages: {}, segments: {}, gaps: {}, proofs: {}, leases: {}, damaged: {} }
  const object = objectsOf(directory)
  const json = (kind: keyof typeof fields, name: string, isSecret = true): Json => {
    const value = JSON.parse(framed(object(name), kind, name, isSecret ? master : undefined).toString('utf8')) as Json
    requireFields(kind, value, name)
    return value
  }
  for (const name of objectNames(directory)) {
    const [kind, ...rest] = name.split('/')
    const [folder = '', last = ''] = rest
    if (['repository', 'keys', 'backups', 'packs'].includes(kind!)) continue
    if (segment.test(name)) {
      const log = readSegment(object(name), name, master)
      content.segments[name] = `${log.length} ${sha256(log).toString('hex')}`
    } else if (kind === 'archive' && last === 'lineage') {
      content.lineages[folder] = json('lineage', name)
      checkLineage(content.lineages[folder], folder)
    } else if (kind === 'archive' && last.endsWith('.gap')) {
      const gap = json('gap', name)
      const ids = [gap['first'], gap['last']].map((id) => String(id).padStart(16, '0'))
      must(name === `archive/${String(gap['lineage'])}/${ids.join('-')}.gap`, 'gap under another name')
      content.gaps[name] = gap
    } else if (kind === 'proofs') {
      const proof = json('proof', name)
      must(name === `proofs/${String(proof['backup'])}/${Date.parse(String(proof['time']))}`, 'proof under another name')
      content.proofs[name] = proof
    } else if (kind === 'leases') {
      must(/^\d{10}$/.test(last), 'generation of a lease')
      content.leases[name] = json('lease', name, false)
      requireFields('process', content.leases[name]['process'] as Json, name)
    } else {
      must(kind === 'damaged' && /^[0-9a-f]{32}$/.test(folder), `an object ${name}`)
      content.damaged[folder] = json('damaged', name, false)
      must(content.damaged[folder]['pack'] === folder, 'marker under another name')
    }
  }
  return content
}

function checkLineage({ id, storeId }: Json, name: string): void {
  const { creationTime, random } = storeId as { creationTime: string; random: string }
  const time = new Date(Number(creationTime)).toISOString().replaceAll(/[-:.]/g, '')
  const number = Buffer.alloc(8)
  number.writeBigInt64BE(BigInt(random))
  must(id === name && new RegExp(`^${lineageId}$`).test(name), 'lineage under another name')
  must(name.startsWith(`${time}-${number.toString('hex')}`), 'store of a lineage')
}

function readSegment(object: Buffer, name: string, master?: Buffer): Buffer {
  const salt = object.subarray(8, 24)
  must(object.toString('latin1', 0, 8) === 'HFSEGM01', 'start of a segment')
  must(master !== undefined || salt.equals(Buffer.alloc(16)), 'salt of a segment that is not encrypted')
  const key = master && objectKey(master, name, salt)
  const nonce = (frame: number): Buffer => {
    const bytes = Buffer.alloc(12)
    bytes.writeUInt32BE(frame, 8)
    return bytes
  }
  const plain = (stored: Buffer, frame: number): Buffer => (key ? open(key, nonce(frame), stored) : stored)
  const frames: Buffer[] = []
  let at = 24
  for (let length = object.readUInt32LE(at); length > 0; length = object.readUInt32LE(at)) {
    frames.push(zstdDecompressSync(plain(object.subarray(at + 4, at + 4 + length), frames.length)))
    at += 4 + length
  }
  must(frames.slice(0, -1).every(({ length }) => length === 2 ** 20) && frames.at(-1)!.length <= 2 ** 20, 'frames of 1 MiB')
  const log = Buffer.concat(frames)
  const trailer = plain(object.subarray(at + 4), frames.length)
  must(trailer.length === 40 && trailer.readBigUInt64LE(0) === BigInt(log.length), 'bytes of log')
  must(trailer.subarray(8).equals(sha256(log)), 'digest of the log')
  checkLog(log, name)
  return log
}

/** Finds each transaction by its COMMIT entry, and compares them with what the name says. */
function checkLog(log: Buffer, name: string): void {
  const parts = segment.exec(name)!.slice(1)
  const [first, last, , latest, , start, end] = parts.map(Number) as [number, number, number, number, number, number, number]
  must(log.length === end - start, 'bytes of log that the name says')
  let at = start === 0 ? 128 : 0
  let newest = 0
  let checksum = 0
  for (let id = first; id <= last; id++) {
    const kernelVersion = log.readUInt8(at)
    must(log.readUInt8(at + 1) === 1, 'START of a transaction')
    if (kernelVersion < 22 && id > first) must(log.readUInt32LE(at + 18) === checksum, 'checksum of the transaction before')
    const pattern = Buffer.alloc(10)
    pattern.set([kernelVersion, 5])
    pattern.writeBigInt64LE(BigInt(id), 2)
    let commit = log.indexOf(pattern, at)
    while (commit >= 0 && crc32c(log.subarray(at, commit + 18)) !== log.readUInt32LE(commit + 18))
      commit = log.indexOf(pattern, commit + 1)
    must(commit >= 0, `transaction ${id}`)
    newest = Math.max(newest, Number(log.readBigInt64LE(commit + 10)))
    checksum = log.readUInt32LE(commit + 18)
    at = commit + 22
  }
  must(at === log.length, 'whole transactions only')
  must(newest === latest && checksum.toString(16).padStart(8, '0') === parts[2], 'latest commit and checksum that the name says')
}
