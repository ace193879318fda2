/** The type byte of a COMMIT entry, its second byte. */
export const commitType = 5

/** The length in bytes of a COMMIT entry in every version: kernel version, type, id, commit time, checksum. */
export const commitLength = 22

/** The bytes of a COMMIT entry, from its first, that its checksum covers as the last of its transaction. */
export const commitBytesInChecksum = 18

/** The first bytes of the COMMIT entry of one transaction: kernel version, type and id. */
export const commitPatternLength = 10

/** Writes what the COMMIT entry of transaction `id` begins with into `pattern`. */
export function writeCommitPattern(pattern: Buffer, kernelVersion: number, id: number): void {
  pattern[0] = kernelVersion
  pattern[1] = commitType
  pattern.writeUInt32LE(id >>> 0, 2)
  pattern.writeUInt32LE(Math.floor(id / 0x1_0000_0000), 6)
}
