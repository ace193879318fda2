import { type CommandReader } from './commandReader.ts'

/** Bits of the byte that the image of a record begins with. */
export const recordFlags = {
  inUse: 0x01,
  hasSecondaryUnit: 0x08,
  internalToken: 0x20,
  ownedByNode: 0x40,
  ownedByRelationship: 0x80,
}

/** Passes over the number of a second unit, which a record has that does not fit into one; `aligned` and `standard` stores have none. */
export function readSecondaryUnit(reader: CommandReader, flags: number): void {
  if (flags & recordFlags.hasSecondaryUnit) reader.skip(8)
}
