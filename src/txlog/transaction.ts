/** A whole transaction: its checksum holds, and it follows the one before it. Its entries, START to COMMIT, are the bytes from `offset` to `end`. */
export interface Transaction {
  id: number
  /** Offset of its START entry in the file. */
  offset: number
  /** Offset just behind its COMMIT entry. */
  end: number
  /** Milliseconds since 1970; it need not grow from transaction to transaction. */
  commitTime: number
  /** CRC-32C of its bytes, unsigned, as its COMMIT entry says. */
  checksum: number
  /** The checksum of the transaction before, where this kernel version writes it. */
  previousChecksum: number | undefined
  /** The kernel version's byte. */
  kernelVersion: number
}
