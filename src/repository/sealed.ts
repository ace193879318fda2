import type { KeyObject } from 'node:crypto'
import { hash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { HoldfastError } from '../core/errors.ts'
import type { Storage } from '../storage/storage.ts'
import { decrypt, encrypt, nonceLength, objectKey } from './encryption.ts'

/** The version of the repository format that this program reads and writes. */
const formatVersion = 1

const kinds = ['repository', 'key', 'manifest', 'blocks', 'lease', 'damaged', 'lineage', 'gap', 'proof'] as const
export type Kind = (typeof kinds)[number]

/** Bytes of the first line of an object, at most. */
export const longestHeader = 1024
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))
const headerSchema = z.strictObject({
  holdfast: z.enum(kinds),
  format: z.literal(formatVersion),
  encoding: z.enum(['identity', 'aes-256-gcm']),
  length: z.int().nonnegative(),
  sha256: hex(32),
  nonce: hex(nonceLength).optional(),
})

export interface SealedObject {
  kind: Kind
  name: string
  /** Given where this kind of object is secret and the repository is encrypted. */
  master?: KeyObject | undefined
}

/** The bytes of a stored object: one line of JSON that describes the body, then the body. */
export function seal({ kind, name, master }: SealedObject, content: Buffer): Buffer {
  const nonce = master && randomBytes(nonceLength)
  const body = master && nonce ? encrypt(objectKey(master, name), nonce, content) : content
  const header = {
    holdfast: kind,
    format: formatVersion,
    encoding: master ? 'aes-256-gcm' : 'identity',
    length: body.length,
    sha256: hash('sha256', body, 'hex'),
    ...(nonce && { nonce: nonce.toString('hex') }),
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body])
}

/**
 * The content of a stored object, checked against its header and, where the repository is encrypted, authenticated.
 * @throws HoldfastError `integrity` where anything is not as it was written, `repository` for an unknown format version.
 */
export function unseal({ kind, name, master }: SealedObject, object: Buffer, location: string): Buffer {
  const damaged = (expected: string, found: string) => damage(name, location, expected, found)
  const end = object.subarray(0, longestHeader).indexOf('\n')
  if (end < 0) throw damaged('a line of JSON at its start', `${object.length} bytes without one`)
  const header = parseHeader(object.toString('latin1', 0, end), name, location)
  const body = object.subarray(end + 1)
  if (header.holdfast !== kind) throw damaged(`an object of kind ${kind}`, `kind ${header.holdfast}`)
  if (header.length !== body.length) throw damaged(`${header.length} bytes after its header`, `${body.length}`)
  const digest = hash('sha256', body, 'hex')
  if (digest !== header.sha256) throw damaged(`SHA-256 ${header.sha256}`, digest)
  const encoding = master ? 'aes-256-gcm' : 'identity'
  if (header.encoding !== encoding) throw damaged(`encoding ${encoding}, as all of this repository`, header.encoding)
  if (!master) return body
  const content = decrypt(objectKey(master, name), Buffer.from(header.nonce ?? '', 'hex'), body)
  if (!content) throw damaged('content encrypted with this repository’s key for this name', 'content that fails authentication')
  return content
}

function parseHeader(line: string, name: string, location: string): z.infer<typeof headerSchema> {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw damage(name, location, 'a line of JSON at its start', JSON.stringify(line.slice(0, 60)))
  }
  const version = z.object({ holdfast: z.string(), format: z.int().positive() }).safeParse(json)
  if (version.success && version.data.format !== formatVersion) {
    throw new HoldfastError(
      version.data.holdfast === 'repository' ? 'repository' : 'integrity',
      `${name} in ${location} has format version ${version.data.format}, and this program knows version ${formatVersion}`,
      { hint: 'use the release of Holdfast that wrote it, or a newer one' },
    )
  }
  const header = headerSchema.safeParse(json)
  // The exact text is demanded too, so that no flipped bit of the header stays unnoticed.
  if (
    !header.success ||
    JSON.stringify(header.data) !== line ||
    (header.data.encoding === 'identity') !== (header.data.nonce === undefined)
  ) {
    throw damage(name, location, 'a header as docs/format.md describes it', line.slice(0, 200))
  }
  return header.data
}

/** An error about an object that is not as it was written. */
export function damage(name: string, location: string, expected: string, found: string): HoldfastError {
  return new HoldfastError('integrity', `${name} in ${location} is damaged: expected ${expected}, found ${found}`, {
    hint: 'restore this object from a copy of the repository, or use another backup: `holdfast backup validate` tells which are whole',
  })
}

/** Parses JSON content with a schema. @throws HoldfastError `integrity` where it does not fit. */
export function parseContent<Schema extends z.ZodType>(
  schema: Schema,
  content: Buffer,
  name: string,
  location: string,
): z.infer<Schema> {
  let json: unknown
  try {
    json = JSON.parse(content.toString('utf8'))
  } catch {
    throw damage(name, location, 'JSON', `${content.length} bytes that are none`)
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw damage(
      name,
      location,
      'the fields that docs/format.md describes',
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    )
  }
  return parsed.data
}

/** JSON that people can read, as the content of an object. */
export function jsonContent(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}

/**
 * Reads a whole object of at most `limit` bytes.
 * @throws ObjectMissingError, or HoldfastError `integrity` where it is larger.
 */
export async function readObject(storage: Storage, name: string, limit: number, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of storage.get(name, signal ? { signal } : {})) {
    chunks.push(chunk)
    // What does not begin as an object of ours is not read to its end, however large it is.
    if (size === 0 && chunk.length >= longestHeader && !chunk.subarray(0, longestHeader).includes(0x0a))
      throw damage(name, storage.location, 'a line of JSON at its start', 'none')
    size += chunk.length
    if (size > limit) throw damage(name, storage.location, `at most ${limit} bytes`, 'more')
  }
  return Buffer.concat(chunks)
}
