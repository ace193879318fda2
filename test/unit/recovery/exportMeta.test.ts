import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silent } from '../../../src/core/progress.ts'
import { alreadyExported, type ExportMeta } from '../../../src/recovery/exportMeta.ts'
import type { ExportPlan } from '../../../src/recovery/exportPlan.ts'
import { publishExport } from '../../../src/recovery/exportPublish.ts'

const options = { progress: silent, signal: new AbortController().signal }
const content = 'the dump'
const transaction = { id: 21, checksum: -5, commitTime: '2026-01-01T00:00:01.000Z' }
const meta: ExportMeta = {
  file: 'neo4j.dump',
  sha256: hash('sha256', content),
  size: content.length,
  database: 'neo4j',
  format: 'dump',
  neo4j: '5.26.30',
  holdfast: '0.1.0',
  backup: '20260101T000002Z-aaaaaa',
  transaction,
  created: '2026-01-01T00:00:03.000Z',
}

let folder: string
let plan: ExportPlan
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-export-'))
  const artifact = join(folder, 'neo4j.dump')
  plan = {
    backup: meta.backup,
    database: 'neo4j',
    format: 'dump',
    artifact,
    metaFile: `${artifact}.meta`,
    scratchSize: 1,
    transaction,
    load: '',
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(artifact: string | undefined, text: string | undefined): void {
  if (artifact !== undefined) writeFileSync(plan.artifact, artifact)
  if (text !== undefined) writeFileSync(plan.metaFile, text)
}

describe('[export.portable] an export that was made before', () => {
  test('is not there, or is there and whole', async () => {
    expect(await alreadyExported(plan, options)).toBeUndefined()
    put(content, JSON.stringify(meta))
    expect(await alreadyExported(plan, options)).toEqual(meta)
    const ofLaterBackup = { ...plan, backup: '20260102T000002Z-bbbbbb' }
    expect(await alreadyExported(ofLaterBackup, options)).toEqual(meta)
  })

  test.each([
    ['its .meta is missing', content, undefined, 'no .*neo4j.dump.meta'],
    ['its .meta is something else', content, '{}', 'not what an export writes'],
    ['its .meta is cut', content, JSON.stringify(meta).slice(0, 50), 'not what an export writes'],
    ['only its .meta is there', undefined, JSON.stringify(meta), 'neo4j.dump itself is missing'],
    ['it was changed', 'the bump', JSON.stringify(meta), `expected ${meta.sha256}`],
    ['it was cut', 'the du', JSON.stringify(meta), `expected ${meta.sha256}`],
    [
      'it is of another moment',
      content,
      JSON.stringify({ ...meta, transaction: { ...transaction, id: 20 } }),
      'transaction 20, expected 21',
    ],
    [
      'it is of another history',
      content,
      JSON.stringify({ ...meta, transaction: { ...transaction, checksum: 6 } }),
      `of backup ${meta.backup}`,
    ],
    ['it is of another database', content, JSON.stringify({ ...meta, database: 'system' }), `of backup ${meta.backup}`],
  ])('is refused where %s', async (_, artifact, text, message) => {
    put(artifact, text)
    const error: unknown = await alreadyExported(plan, options).catch((caught: unknown) => caught)
    expect(error).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining('nothing is overwritten') as string,
    })
  })

  test('cannot be where the directory is a file', async () => {
    put(content, undefined)
    const below = { ...plan, artifact: join(plan.artifact, 'x.dump'), metaFile: join(plan.artifact, 'x.dump.meta') }
    await expect(alreadyExported(below, options)).rejects.toMatchObject({
      code: 'usage',
      message: `${plan.artifact} is a file, expected a directory`,
    })
  })
})

describe('[export.portable] a finished export', () => {
  beforeEach(() => {
    writeFileSync(join(folder, 'made'), 'new')
    writeFileSync(join(folder, 'made.meta'), 'new meta')
  })

  async function publish(): Promise<void> {
    await publishExport([join(folder, 'made'), plan.artifact], [join(folder, 'made.meta'), plan.metaFile])
  }

  test('gets its names', async () => {
    await publish()
    expect([plan.artifact, plan.metaFile].map((path) => readFileSync(path, 'utf8'))).toEqual(['new', 'new meta'])
  })

  test('never takes the name of a file that came meanwhile', async () => {
    put('old', undefined)
    await expect(publish()).rejects.toMatchObject({ code: 'refused' })
    expect(readFileSync(plan.artifact, 'utf8')).toBe('old')
    expect(readdirSync(folder).toSorted()).toEqual(['made', 'made.meta', 'neo4j.dump'])
  })

  test('is withdrawn where its .meta cannot be put beside it', async () => {
    put(undefined, 'old meta')
    await expect(publish()).rejects.toMatchObject({ code: 'refused' })
    expect(readFileSync(plan.metaFile, 'utf8')).toBe('old meta')
    expect(readdirSync(folder).toSorted()).toEqual(['made', 'made.meta', 'neo4j.dump.meta'])
  })
})
