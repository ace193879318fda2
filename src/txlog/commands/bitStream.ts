/** The unsigned number in the `width` bits, 64 at most, from bit `from` on of a stream whose first bit is the lowest of byte `at`. */
export function readBits(bytes: Buffer, at: number, from: number, width: number): bigint {
  if (width <= 32) return BigInt(readFewBits(bytes, at, from, width))
  const low = BigInt(readFewBits(bytes, at, from, 32))
  return (BigInt(readFewBits(bytes, at, from + 32, width - 32)) << 32n) | low
}

/** The same for at most 32 bits. What lies behind the end of the bytes is zero. */
export function readFewBits(bytes: Buffer, at: number, from: number, width: number): number {
  let value = 0
  let done = 0
  while (done < width) {
    const bit = from + done
    const inByte = bit & 7
    const taken = Math.min(8 - inByte, width - done)
    const part = ((bytes[at + (bit >>> 3)] ?? 0) >>> inByte) & ((1 << taken) - 1)
    // By multiplication, since a shift to bit 31 would make it negative.
    value += part * 2 ** done
    done += taken
  }
  return value
}
