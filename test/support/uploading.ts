import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Uploaded } from '../../src/artifact/upload.ts'
import { bucketWords } from './bucketWords.ts'
import { holdfast, type Outcome } from './holdfast.ts'
import { type S3Server, startMinio } from './s3Servers.ts'

/** The content of the file that each test finds. */
export const small = randomBytes(300_000)

/** What the tests of uploads share: one MinIO, and for each test a bucket of its own and a file. */
export interface Uploading {
  folder: string
  minio: S3Server
  bucket: string
  file: string
  /** Uploads the file to the bucket. */
  upload: (...words: string[]) => Promise<Outcome<Uploaded>>
  /** Uploads the file to where the words say. */
  uploadTo: (...words: string[]) => Promise<Outcome<Uploaded>>
}

/** Sets up what is there once the tests of the file run. */
export function uploading(options: { tls: boolean; versioned: boolean }): Uploading {
  const at = {
    upload: async (...words) => at.uploadTo(...bucketWords(at.minio, at.bucket), ...words),
    uploadTo: async (...words) => holdfast<Uploaded>('s3', 'upload', '--file', at.file, ...words),
  } as Uploading
  beforeAll(async () => {
    at.folder = await mkdtemp(join(tmpdir(), 'holdfast-upload-'))
    at.minio = await startMinio(at.folder, { tls: options.tls })
  })
  afterAll(async () => {
    await at.minio[Symbol.asyncDispose]()
    await rm(at.folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    at.bucket = await at.minio.newBucket(`artifact-${randomUUID()}`, { versioned: options.versioned })
    at.file = join(at.folder, 'neo4j-2026.dump')
    await rm(`${at.file}.meta`, { force: true })
    writeFileSync(at.file, small)
  })
  return at
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Writes beside a file what an export of this content would have written. */
export function writeMeta(path: string, content: Uint8Array): void {
  const facts = { database: 'sales', neo4j: '5.26.30', backup: 'b1', transaction: { id: 42 } }
  writeFileSync(`${path}.meta`, JSON.stringify({ sha256: sha256(content), size: content.length, ...facts }))
}

/** Changes the last byte of a file in place, and gives it its time of writing back. */
export function overwriteEnd(path: string, mtime: Date): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path, bytes, { flag: 'r+' })
  utimesSync(path, mtime, mtime)
}
