import type { KeyObject } from 'node:crypto'
import { createSecretKey, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'
import { HoldfastError, integrityError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import { decrypt, encrypt, nonceLength } from './encryption.ts'
import { keyName, keysPrefix } from './names.ts'
import { jsonContent, parseContent, readObject, seal, unseal } from './sealed.ts'

const deriveKey = promisify<string | Buffer, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/** What opens an encrypted repository. */
export type KeySource = { passphrase: string | Buffer } | { keyFile: Buffer }

const base64 = (bytes: number) =>
  z.base64().refine((text) => Buffer.from(text, 'base64').length === bytes, `expected ${bytes} bytes`)
const slotSchema = z.strictObject({
  id: z.string(),
  repository: z.string(),
  opens: z.enum(['passphrase', 'key file']),
  // Limits, so that a hostile file cannot make this program allocate more than 1 GiB.
  scrypt: z.strictObject({
    N: z.literal([2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20]),
    r: z.literal(8),
    p: z.literal(1),
    salt: base64(32),
  }),
  nonce: base64(nonceLength),
  masterKey: base64(48),
})
type Slot = z.infer<typeof slotSchema>

/** A new random master key. */
export function newMasterKey(): KeyObject {
  return createSecretKey(randomBytes(32))
}

/** Stores the master key, wrapped with a key derived from the source; any number of such slots open the same repository. */
export async function storeSlot(storage: Storage, repository: string, master: KeyObject, source: KeySource): Promise<string> {
  const id = randomId()
  const salt = randomBytes(32)
  const cost = { N: 2 ** 17, r: 8 as const, p: 1 as const }
  const nonce = randomBytes(nonceLength)
  const wrappingKey = await wrapping(source, salt, cost.N)
  const slot = {
    id,
    repository,
    opens: opens(source),
    scrypt: { ...cost, salt: salt.toString('base64') },
    nonce: nonce.toString('base64'),
    masterKey: encrypt(wrappingKey, nonce, master.export(), `${repository}/${id}`).toString('base64'),
  }
  await storage.put(keyName(id), seal({ kind: 'key', name: keyName(id) }, jsonContent(slot)))
  return keyName(id)
}

/**
 * Finds the slot that the source opens and unwraps the master key. A slot that cannot be read is in nobody's way while another one fits.
 * @throws HoldfastError `repository` where none does, `integrity` where none could be tried and some are damaged.
 */
export async function openKey(storage: Storage, repository: string, source: KeySource): Promise<KeyObject> {
  const wanted = opens(source)
  const readable: Slot[] = []
  const unreadable: HoldfastError[] = []
  for await (const { name } of storage.list(keysPrefix)) {
    const slot = await readSlot(storage, name)
    if (slot instanceof HoldfastError) unreadable.push(slot)
    else if (slot.repository === repository) readable.push(slot)
  }
  const fitting = readable.filter((slot) => slot.opens === wanted)
  for (const slot of fitting) {
    const wrappingKey = await wrapping(source, Buffer.from(slot.scrypt.salt, 'base64'), slot.scrypt.N)
    const master = decrypt(
      wrappingKey,
      Buffer.from(slot.nonce, 'base64'),
      Buffer.from(slot.masterKey, 'base64'),
      `${repository}/${slot.id}`,
    )
    if (master) return createSecretKey(master)
  }

  const place = `repository ${repository} at ${storage.location}`
  const damaged = unreadable.length === 0 ? '' : `; besides, ${unreadable.map(({ message }) => message).join('; ')}`
  if (fitting.length > 0) {
    throw new HoldfastError('repository', `wrong ${wanted} for ${place}${damaged}`, {
      hint: 'give the one this repository was made with; without it the backups cannot be read by anyone',
    })
  }
  const other = readable[0]?.opens
  if (other) {
    throw new HoldfastError('repository', `${place} opens with a ${other}, and a ${wanted} was given${damaged}`, {
      hint: `give its ${other}`,
    })
  }
  const code = unreadable.length > 0 ? 'integrity' : 'repository'
  throw new HoldfastError(code, `${place} has no key slots that can be read${damaged}`, {
    hint: `restore the objects below ${keysPrefix} from a copy of the repository; without them the backups cannot be read by anyone`,
  })
}

/** @returns the error where the object is no slot, or a damaged one. */
async function readSlot(storage: Storage, name: string): Promise<Slot | HoldfastError> {
  try {
    const content = unseal({ kind: 'key', name }, await readObject(storage, name, 64 * 1024), storage.location)
    return parseContent(slotSchema, content, name, storage.location)
  } catch (error) {
    return integrityError(error)
  }
}

function opens(source: KeySource): Slot['opens'] {
  return 'passphrase' in source ? 'passphrase' : 'key file'
}

async function wrapping(source: KeySource, salt: Buffer, N: number): Promise<KeyObject> {
  const secret = 'passphrase' in source ? source.passphrase : source.keyFile
  const bytes = typeof secret === 'string' ? Buffer.from(secret.normalize('NFC')) : secret
  if (bytes.length === 0) throw new HoldfastError('usage', `the ${opens(source)} for the repository is empty`)
  return createSecretKey(await deriveKey(bytes, salt, 32, { N, r: 8, p: 1, maxmem: 128 * 8 * N + 64 * 1024 * 1024 }))
}
