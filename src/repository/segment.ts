import { createHash, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { mapOrdered } from '../core/mapOrdered.ts'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { ByteReader } from './byteReader.ts'
import { decrypt, encrypt, nonceLength, tagLength } from './encryption.ts'
import { damage } from './sealed.ts'
import { type SegmentName, segmentName } from './segmentName.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

const magic = Buffer.from('HFSEGM01')
const saltLength = 16
/** Bytes of log in every frame but the last. */
const frameSize = 1024 * 1024
/** More than a frame can become. */
const largestFrame = frameSize + 4096 + tagLength
const framesUnderWay = 4
/** Number of bytes (u64), SHA-256. */
const trailerLength = 8 + 32

/** The bytes of a segment object: a head, frames of compressed log, a trailer with the digest of the log. */
export async function* encodeSegment(
  { master }: Access,
  segment: SegmentName,
  log: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const salt = master ? randomBytes(saltLength) : Buffer.alloc(saltLength)
  const key = master && segmentKey(master, salt, segment)
  const digest = createHash('sha256')
  let size = 0
  let frames = 0
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const frame of frameSized(log)) {
      digest.update(frame)
      size += frame.length
      yield frame
    }
  }
  const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
  yield Buffer.concat([magic, salt])
  for await (const frame of mapOrdered(counted(), framesUnderWay, async (plain) => compress(plain, options))) {
    const stored = key ? encrypt(key, frameNonce(frames), frame) : frame
    frames += 1
    yield lengthPrefix(stored.length)
    yield stored
  }
  const trailer = Buffer.alloc(8)
  trailer.writeBigUInt64LE(BigInt(size))
  const end = Buffer.concat([trailer, digest.digest()])
  yield lengthPrefix(0)
  yield key ? encrypt(key, frameNonce(frames), end) : end
}

/**
 * The log in a segment, in pieces, each authenticated where the repository is encrypted. That all of it is what was stored is known
 * only at the end: whoever uses a piece before must be able to forget it.
 * @throws ObjectMissingError, or HoldfastError `integrity` where it is not what was stored under this name.
 */
export async function* readSegment(
  access: Access,
  segment: SegmentName,
  options: StorageOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const { storage, master } = access
  const name = segmentName(segment)
  const damaged = (expected: string, found: string) => damage(name, storage.location, expected, found)
  await using reader = new ByteReader(storage.get(name, options), (wanted, found) =>
    damaged(`${wanted} more bytes`, `its end after ${found}`),
  )
  const head = await reader.take(magic.length + saltLength)
  if (!head.subarray(0, magic.length).equals(magic)) throw damaged('it to start with HFSEGM01', head.toString('hex'))
  const salt = head.subarray(magic.length)
  if (!master && !salt.every((byte) => byte === 0)) throw damaged('no salt, as it is not encrypted', salt.toString('hex'))
  const key = master && segmentKey(master, salt, segment)
  const open = (stored: Buffer, frame: number): Buffer => {
    const opened = key ? decrypt(key, frameNonce(frame), stored) : stored
    if (!opened) throw damaged(`frame ${frame} encrypted for this name and place`, 'one that fails authentication')
    return opened
  }
  const digest = createHash('sha256')
  const expectedSize = segment.end - segment.start
  let size = 0
  for (let frame = 0; ; frame++) {
    const length = (await reader.take(4)).readUInt32LE()
    if (length === 0) {
      const trailer = open(await reader.take(trailerLength + (key ? tagLength : 0)), frame)
      requireDigest(trailer, { size, sha256: digest.digest() }, damaged)
      if (size !== expectedSize) throw damaged(`${expectedSize} bytes of log, as its name says`, `${size}`)
      if (!(await reader.atEnd())) throw damaged('its end', 'more bytes')
      return
    }
    if (length > largestFrame) throw damaged(`a frame of at most ${largestFrame} bytes`, `${length}`)
    const compressed = open(await reader.take(length), frame)
    const plain = await decodeFrame(compressed, Math.min(frameSize, expectedSize - size))
    if (typeof plain === 'string') throw damaged(`frame ${frame} of ${Math.min(frameSize, expectedSize - size)} bytes`, plain)
    digest.update(plain)
    size += plain.length
    yield plain
  }
}

/** @returns what is wrong, where it is not a whole zstd frame of exactly `length` bytes. */
async function decodeFrame(frame: Buffer, length: number): Promise<Buffer | string> {
  try {
    const plain = await decompress(frame, { chunkSize: length + 64, maxOutputLength: length })
    return plain.length === length ? plain : `${plain.length} bytes`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function requireDigest(
  trailer: Buffer,
  found: { size: number; sha256: Buffer },
  damaged: (expected: string, found: string) => Error,
): void {
  const size = trailer.readBigUInt64LE()
  if (size !== BigInt(found.size)) throw damaged(`${size} bytes of log`, `${found.size}`)
  const sha256 = trailer.subarray(8)
  if (!sha256.equals(found.sha256)) throw damaged(`SHA-256 ${sha256.toString('hex')}`, found.sha256.toString('hex'))
}

/** A salt of its own for each attempt, so that the same name stored twice never uses a key and a nonce for different bytes. */
function segmentKey(master: KeyObject, salt: Buffer, segment: SegmentName): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, salt, `holdfast/1/${segmentName(segment)}`, 32)))
}

function frameNonce(frame: number): Buffer {
  const nonce = Buffer.alloc(nonceLength)
  nonce.writeUInt32BE(frame, nonceLength - 4)
  return nonce
}

function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(length)
  return prefix
}

async function* frameSized(log: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let size = 0
  for await (const chunk of log) {
    let rest = chunk
    while (size + rest.length >= frameSize) {
      const part = rest.subarray(0, frameSize - size)
      rest = rest.subarray(part.length)
      yield Buffer.concat([...waiting, part])
      waiting = []
      size = 0
    }
    if (rest.length > 0) {
      waiting.push(rest)
      size += rest.length
    }
  }
  if (size > 0) yield Buffer.concat(waiting)
}
