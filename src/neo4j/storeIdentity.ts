import { readStoreId, type StoreId, storeIdLength } from '../txlog/storeId.ts'

/** The file `neostore` is made of records of one byte that says whether it is used, and eight bytes of content. */
const recordLength = 9

/** What a store id begins with behind its 17 bytes of kind, time and random number: the length and name of the engine. */
const engine = Buffer.from('\u0006record', 'latin1')
const engineOffset = 17

/**
 * The id of the store as the first page of its file `neostore` has it, in the order of its records.
 * @returns undefined where there is none to be found: then nothing is known, which is no damage.
 */
export function storeIdIn(neostore: Buffer, file: string): StoreId | undefined {
  const content = Buffer.alloc(Math.floor(neostore.length / recordLength) * (recordLength - 1))
  for (let record = 0; record * (recordLength - 1) < content.length; record++)
    neostore.copy(content, record * (recordLength - 1), record * recordLength + 1, (record + 1) * recordLength)
  const at = content.indexOf(engine) - engineOffset
  if (at < 0 || content[at] !== 1 || at + storeIdLength > content.length) return undefined
  return readStoreId(content, at, file)
}
