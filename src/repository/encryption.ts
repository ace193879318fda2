import type { KeyObject } from 'node:crypto'
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from 'node:crypto'

const algorithm = 'aes-256-gcm'

/** Bytes that encryption adds: the authentication tag at the end. */
const tagLength = 16
export const nonceLength = 12

/**
 * The key for one object, from the repository's master key and the object's name.
 * Because each object has its own, what is moved to another name no longer decrypts.
 */
export function objectKey(master: KeyObject, name: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `holdfast/1/${name}`, 32)))
}

/** Ciphertext followed by the tag. A nonce is used once with a key. */
export function encrypt(key: KeyObject, nonce: Buffer, plain: Uint8Array, context = ''): Buffer {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(context))
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @returns undefined where key, nonce, context or content do not belong together. */
export function decrypt(key: KeyObject, nonce: Buffer, sealed: Buffer, context = ''): Buffer | undefined {
  if (sealed.length < tagLength) return undefined
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength))
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagLength))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}
