import { commitLength, commitType } from '../commitEntry.ts'
import { kernelVersions } from '../kernelVersions.ts'
import { readStart } from '../startEntry.ts'
import { type Command, readCommand } from './command.ts'
import { CommandReader, Undecodable } from './commandReader.ts'

/** The type byte of a COMMAND entry, its second byte. */
const commandEntryType = 3

/** The commands of a transaction. */
export interface DecodedTransaction {
  /** In the order of the log, which is not that of the statements. */
  commands: Command[]
  /** Why not all commands were decoded; those before are right nevertheless. Undefined where every byte was. */
  stopped: DecodingStop | undefined
}

/** Where the decoding of a transaction stopped before its COMMIT entry. */
export interface DecodingStop {
  /** Offset in the transaction of the entry that could not be decoded. */
  offset: number
  /** The type of its command, where it is a command. */
  commandType: number | undefined
  reason: string
}

/**
 * Decodes the commands of one transaction from its bytes, START entry to COMMIT entry, whose checksum has been verified.
 * What it returns refers to the bytes, which must not change. It throws nothing, whatever the bytes are.
 */
export function decodeTransaction(bytes: Buffer): DecodedTransaction {
  const commands: Command[] = []
  const stop = (offset: number, commandType: number | undefined, reason: string): DecodedTransaction => ({
    commands,
    stopped: { offset, commandType, reason },
  })
  const start = readStart(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  const commit = bytes.length - commitLength
  if (start === 'incomplete' || 'found' in start || start.length > commit) return stop(0, undefined, 'no whole transaction')
  const reader = new CommandReader(bytes, start.length, commit)
  while (reader.at < commit) {
    const offset = reader.at
    let commandType: number | undefined
    try {
      const version = reader.uint8()
      const entryType = reader.uint8()
      if (kernelVersions[version] === undefined) return stop(offset, undefined, `unknown kernel version ${version}`)
      if (entryType !== commandEntryType) return stop(offset, undefined, `unknown entry type ${entryType}`)
      commandType = reader.uint8()
      const command = readCommand(reader, commandType)
      if (command === undefined) return stop(offset, commandType, `unknown command type ${commandType}`)
      commands.push(command)
    } catch (error) {
      if (!(error instanceof Undecodable)) throw error
      return stop(offset, commandType, `command type ${commandType} with ${error.message}`)
    }
  }
  if (bytes[commit + 1] !== commitType) return stop(commit, undefined, `unknown entry type ${bytes[commit + 1]}`)
  return { commands, stopped: undefined }
}
