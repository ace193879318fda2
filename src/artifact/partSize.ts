const mebibyte = 1024 * 1024
const usual = 16 * mebibyte
/** S3 takes no more of one object. */
const mostParts = 10_000

/**
 * Bytes of a part of an upload, so that the parts of a file of a size suffice, compressed or not. It follows from the size alone,
 * and with it the checksum that S3 computes of parts: a later run can compare it.
 */
export function partSizeFor(size: number): number {
  // What does not compress grows by less than a thousandth.
  const needed = Math.ceil((size * 1.001) / mostParts / mebibyte) * mebibyte
  return Math.max(usual, needed)
}
