import { type CommandReader } from './commandReader.ts'
import { recordFlags } from './recordFlags.ts'
import { joined, readValueRecords } from './valueRecords.ts'

/** What a token gives a name to. */
export type TokenKind = 'label' | 'relationship type' | 'property key'

/** A name that was given a number, which then stands for it everywhere; undefined where there is no such token. */
export interface TokenCommand {
  kind: 'token'
  of: TokenKind
  id: number
  before: string | undefined
  after: string | undefined
}

/** Reads a command on a token. */
export function readTokenCommand(reader: CommandReader, of: TokenKind): TokenCommand {
  return { kind: 'token', of, id: reader.int32(), before: readImage(reader, of), after: readImage(reader, of) }
}

function readImage(reader: CommandReader, of: TokenKind): string | undefined {
  const flags = reader.uint8()
  // How often a key is used, which nobody keeps up to date; then the record of the name.
  reader.skip(of === 'property key' ? 8 : 4)
  const records = readValueRecords(reader)
  return flags & recordFlags.inUse ? joined(records).toString('utf8') : undefined
}
