import { z } from 'zod'

const text = z.string().min(1)
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.coerce.number().int().nonnegative()

const schema = z.object({
  /** Of the stored bytes, in hexadecimal. */
  sha256: digest,
  /** Bytes stored. */
  size,
  created_by: text,
  commit_sha: text.optional(),
  db_name: text,
  /** When it was uploaded. */
  timestamp: z.iso.datetime(),
  /** The version of the Neo4j that made it. */
  software_version: text.optional(),
  /** Of the file itself, where it was compressed on its way. */
  source_sha256: digest.optional(),
  source_size: size.optional(),
  /** The last transaction in it, and the backup that it was exported from. */
  transaction_id: text.optional(),
  backup: text.optional(),
})

/** What is noted with an uploaded file, in its metadata and in the object beside it. */
export type ArtifactFacts = z.infer<typeof schema>

/** Facts as metadata of an object: names with hyphens, values in ASCII. */
export function toMetadata(facts: ArtifactFacts): Record<string, string> {
  const given = Object.entries(facts).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name.replaceAll('_', '-'), asciiOnly(String(value))]))
}

/** What an object tells of itself, at least its SHA-256; whoever uploaded it by hand may have noted no more. */
export type NotedFacts = Pick<ArtifactFacts, 'sha256'> & Partial<ArtifactFacts>

/** The facts that the metadata of an object tells, without those that cannot be read; undefined where it tells no SHA-256. */
export function fromMetadata(metadata: Readonly<Record<string, string>> | undefined): NotedFacts | undefined {
  const given = Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name.replaceAll('-', '_'), value]))
  const readable = Object.entries(schema.shape).flatMap(([name, field]) => {
    const { success, data } = z.safeParse(field, given[name])
    return success && data !== undefined ? [[name, data] as const] : []
  })
  const facts = Object.fromEntries(readable) as Partial<ArtifactFacts>
  return facts.sha256 === undefined ? undefined : { ...facts, sha256: facts.sha256 }
}

/** What an object tells of itself; what it does not tell is taken from the upload that compared it. */
export function completeFacts(noted: NotedFacts | undefined, own: ArtifactFacts): ArtifactFacts {
  return schema.safeParse(noted).data ?? { ...own, ...noted }
}

/** The content of the object beside an uploaded one. */
export function toDocument(facts: ArtifactFacts, place: { bucket: string; key: string }): Buffer {
  return Buffer.from(`${JSON.stringify({ ...place, ...facts }, undefined, 2)}\n`)
}

/** The facts that such an object tells; undefined where it is not what an upload writes. */
export function fromDocument(content: Uint8Array): ArtifactFacts | undefined {
  return schema.safeParse(jsonOf(content)).data
}

/** Whether an upload wrote it, perhaps one of another version. */
export function isDocument(content: Uint8Array): boolean {
  return z.looseObject({ sha256: z.string() }).safeParse(jsonOf(content)).success
}

function jsonOf(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString())
  } catch {
    return undefined
  }
}

/** Everything else percent-encoded: HTTP headers are for ASCII, and servers differ in what they make of the rest. */
function asciiOnly(value: string): string {
  return value.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))
}
