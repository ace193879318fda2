/** Thrown by a reader where bytes are not what a command must be; whoever decodes a transaction catches it and notes it. */
export class Undecodable extends Error {}

/** Reads the little-endian fields of commands one after another, never beyond `end`. Everything it throws is {@link Undecodable}. */
export class CommandReader {
  readonly bytes: Buffer
  /** Index of the next byte. */
  at: number
  /** Index behind the last byte that may be read. */
  readonly end: number

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  uint8(): number {
    const at = this.#take(1)
    return this.bytes[at]!
  }

  int32(): number {
    const { bytes } = this
    const at = this.#take(4)
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  }

  /** A signed 64-bit number that must be a safe integer, as every id is. */
  int64(): number {
    const low = this.int32() >>> 0
    const high = this.int32()
    if (high < -0x20_0000 || high >= 0x20_0000) throw new Undecodable('a number beyond all ids')
    return high * 0x1_0000_0000 + low
  }

  /** A signed 64-bit number of any size. */
  bigInt64(): bigint {
    return this.bytes.readBigInt64LE(this.#take(8))
  }

  float32(): number {
    return this.bytes.readFloatLE(this.#take(4))
  }

  float64(): number {
    return this.bytes.readDoubleLE(this.#take(8))
  }

  /** How many things follow, each of at least so many bytes. */
  count(least: number): number {
    const count = this.int32()
    if (count < 0 || count * least > this.end - this.at) throw new Undecodable(`a count of ${count}`)
    return count
  }

  /** The next bytes, behind their length in 4 bytes; not copied. */
  lengthAndBytes(): Buffer {
    const length = this.count(1)
    const at = this.#take(length)
    return this.bytes.subarray(at, at + length)
  }

  skip(length: number): void {
    this.#take(length)
  }

  #take(length: number): number {
    const { at } = this
    if (length > this.end - at) throw new Undecodable('a command that goes on behind the end of its transaction')
    this.at = at + length
    return at
  }
}
