import { z } from 'zod'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { largestBlock } from './block.ts'
import { count, databaseName, databasePath, long, moment, owner, relativePath, text } from './manifestFields.ts'
import { manifestName } from './names.ts'
import { damage, jsonContent, parseContent, readObject, seal, unseal } from './sealed.ts'

const largestManifest = 256 * 1024 * 1024

const fileSchema = z.strictObject({
  /** Relative to the data directory, with `/`. */
  path: databasePath,
  /** Bytes. */
  size: count,
  mode: z.int().min(0).max(0o7777),
  /** Numeric owner and group. */
  uid: owner,
  gid: owner,
  kind: z.enum(['record', 'derived', 'log', 'checkpoint']),
  /** Index of the first block in the block table; the others follow. */
  firstBlock: count,
  blocks: count,
})

const databaseSchema = z.strictObject({
  name: databaseName,
  storeId: z.strictObject({ creationTime: long, random: long, format: text }),
  kernelVersion: z.union([text, z.int()]),
  logFormat: z.union([text, z.int()]),
  checkpoint: z.strictObject({ logVersion: count, byteOffset: count, transactionId: count, time: moment }),
  lastTransaction: z.strictObject({ id: count, checksum: z.int(), commitTime: moment }),
  firstTransaction: z.strictObject({ id: count, checksum: z.int(), commitTime: moment }).optional(),
  files: z.array(fileSchema).max(10_000_000),
  leftOut: z.array(z.strictObject({ path: relativePath, reason: text })).max(1_000_000),
  facts: z.strictObject({ counts: z.json(), schema: z.json(), takenAt: moment, stable: z.boolean() }).optional(),
})

const manifestSchema = z.strictObject({
  id: z.string().regex(/^[a-zA-Z0-9-]{1,100}$/),
  created: moment,
  /** The version of Holdfast that wrote it. */
  holdfast: text,
  kind: z.literal('base'),
  /** Whether the database was stopped. */
  offline: z.boolean(),
  /** Bytes of plaintext in every block but the last of a file. */
  blockSize: z.int().min(4096).max(largestBlock),
  label: text.optional(),
  /** Absent where the server was not asked: it did not answer, refused the user, or was another. */
  server: z.strictObject({ version: text, edition: text }).optional(),
  databases: z.array(databaseSchema).min(1).max(10_000),
  /** The stored block table: its size in bytes and its digest. */
  blockTable: z.strictObject({ size: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  totals: z.strictObject({
    /** Bytes of all files. */
    size: count,
    blocks: count,
    /** Blocks no earlier backup had, and their bytes before compression. */
    newBlocks: count,
    newBytes: count,
    /** Bytes this backup added to the repository: its packs and its block table. */
    storedBytes: count,
  }),
  timing: z.strictObject({ started: moment, finished: moment }),
})

/** The one object that makes a backup exist, and says all there is to know about it but where its blocks lie. */
export type Manifest = z.infer<typeof manifestSchema>
export type ManifestDatabase = z.infer<typeof databaseSchema>
export type ManifestFile = z.infer<typeof fileSchema>

/** The bytes of a manifest as they are stored. @throws HoldfastError where a field does not fit the format. */
export function encodeManifest({ master, storage }: Access, manifest: Manifest): Buffer {
  const name = manifestName(manifest.id)
  const content = jsonContent(manifest)
  checkManifest(parseContent(manifestSchema, content, name, storage.location), name, storage.location)
  return seal({ kind: 'manifest', name, master }, content)
}

/** @throws ObjectMissingError where there is no such backup, HoldfastError `integrity` where its manifest is damaged. */
export async function readManifest(access: Access, id: string, options: StorageOptions = {}): Promise<Manifest> {
  const { storage, master } = access
  const name = manifestName(id)
  const object = await readObject(storage, name, largestManifest, options.signal)
  const manifest = parseContent(
    manifestSchema,
    unseal({ kind: 'manifest', name, master }, object, storage.location),
    name,
    storage.location,
  )
  if (manifest.id !== id) throw damage(name, storage.location, `the manifest of backup ${id}`, `that of ${manifest.id}`)
  checkManifest(manifest, name, storage.location)
  return manifest
}

function checkManifest(manifest: Manifest, name: string, location: string): void {
  const paths = new Set<string>()
  for (const { path, size, firstBlock, blocks } of filesOf(manifest)) {
    const expected = Math.ceil(size / manifest.blockSize)
    if (blocks !== expected) throw damage(name, location, `${expected} blocks for ${path}`, `${blocks}`)
    const end = firstBlock + blocks
    if (end > manifest.totals.blocks) throw damage(name, location, `${path} within ${manifest.totals.blocks} blocks`, `${end}`)
    if (paths.has(path)) throw damage(name, location, 'each file once', `${path} twice`)
    paths.add(path)
  }
  for (const path of paths) {
    const parent = parentsOf(path).find((above) => paths.has(above))
    if (parent !== undefined) throw damage(name, location, `${parent} to be a file`, `${path} below it`)
  }
  const sum = filesOf(manifest).reduce((blocks, file) => blocks + file.blocks, 0)
  if (manifest.totals.blocks > sum) throw damage(name, location, `${sum} blocks, as its files have`, `${manifest.totals.blocks}`)
}

/** The folders above a path. */
function parentsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** The files of all databases, in the order of the manifest. */
export function filesOf(manifest: Manifest): ManifestFile[] {
  return manifest.databases.flatMap(({ files }) => files)
}
