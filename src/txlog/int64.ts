/** The signed 64-bit little-endian number at `at`; NaN when it is beyond the safe integers, so that every comparison fails. */
export function readInt64(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true)
  if (high < -0x20_0000 || high >= 0x20_0000) return Number.NaN
  return high * 0x1_0000_0000 + view.getUint32(at, true)
}
