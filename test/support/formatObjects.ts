import { createDecipheriv, createHash, hkdfSync, scryptSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

// What the independent readers of docs/format.md begin with: framing and encryption. They share no code with src/.

/** Reads an object of a repository in a directory. */
export function objectsOf(directory: string): (name: string) => Buffer {
  return (name) => readFileSync(join(directory, name))
}

/** The names of all objects, sorted. */
export function objectNames(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map((entry) => relative(directory, join(entry.parentPath, entry.name)))
  return names.filter((name) => !name.startsWith('.')).toSorted()
}

/** The master key, where the repository is encrypted. */
export function masterKey(directory: string, secret: Buffer | undefined): Buffer | undefined {
  const about = JSON.parse(framed(objectsOf(directory)('repository'), 'repository').toString('utf8')) as {
    id: string
    encryption: string
  }
  return about.encryption === 'none' ? undefined : unwrap(directory, about.id, secret!)
}

/** The content of an object that begins with a header. */
export function framed(object: Buffer, kind: string, name?: string, master?: Buffer): Buffer {
  const end = object.indexOf('\n')
  const header = JSON.parse(object.toString('utf8', 0, end)) as Record<string, string | number>
  const body = object.subarray(end + 1)
  must(header['holdfast'] === kind && header['format'] === 1, 'kind and version')
  must(header['length'] === body.length && header['sha256'] === sha256(body).toString('hex'), 'length and digest')
  must(header['encoding'] === (master ? 'aes-256-gcm' : 'identity'), 'encoding')
  return master ? open(objectKey(master, name!), Buffer.from(String(header['nonce']), 'hex'), body) : body
}

function unwrap(directory: string, repository: string, secret: Buffer): Buffer {
  for (const name of readdirSync(join(directory, 'keys'))) {
    const slot = JSON.parse(framed(readFileSync(join(directory, 'keys', name)), 'key').toString('utf8')) as Record<
      string,
      string
    > & {
      scrypt: { N: number; r: number; p: number; salt: string }
    }
    const { N, r, p, salt } = slot.scrypt
    const key = scryptSync(secret, Buffer.from(salt, 'base64'), 32, { N, r, p, maxmem: 256 * N * r })
    try {
      return open(
        key,
        Buffer.from(slot['nonce']!, 'base64'),
        Buffer.from(slot['masterKey']!, 'base64'),
        `${repository}/${slot['id']}`,
      )
    } catch {
      // Another slot may fit.
    }
  }
  throw new Error('no key slot fits')
}

/** The key of an object; a segment has a salt. */
export function objectKey(master: Buffer, name: string, salt: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.from(hkdfSync('sha256', master, salt, `holdfast/1/${name}`, 32))
}

/** Decrypts, and checks the tag at the end. */
export function open(key: Buffer, nonce: Buffer, sealed: Buffer, additional = ''): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(additional))
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not as docs/format.md says: ${what}`)
}
