import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LocalArtifact } from '../../../src/artifact/localArtifact.ts'
import { pruneLocal } from '../../../src/artifact/pruneLocal.ts'
import type { UploadPlan } from '../../../src/artifact/uploadPlan.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-prune-'))
  path = join(folder, 'neo4j.dump')
  writeFileSync(path, 'uploaded')
  writeFileSync(`${path}.meta`, JSON.stringify({ sha256: 'ab'.repeat(32), size: 8, database: 'neo4j', neo4j: '5.26.30' }))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Prunes a file to which something happens behind the last look at it. */
async function pruneWhile(happens: () => void): Promise<string[]> {
  await using artifact = await LocalArtifact.open(path)
  const change = async (): Promise<undefined> => {
    expect(await artifact.change()).toBeUndefined()
    happens()
  }
  const watched = { path, change, isThis: artifact.isThis.bind(artifact) } as unknown as LocalArtifact
  const found = { checksum: 'digest', expires: undefined }
  return await pruneLocal(watched, { uri: 's3://bucket/key' } as UploadPlan, found, new Date())
}

test('[artifact.prune] a file that takes the name behind the last look at it was never uploaded, and stays with its .meta', async () => {
  const pruned = pruneWhile(() => {
    writeFileSync(`${path}.new`, 'never uploaded')
    renameSync(`${path}.new`, path)
  })
  await expect(pruned).rejects.toMatchObject({ code: 'refused', message: expect.stringMatching(/has taken its name/) as string })
  expect(readFileSync(path, 'utf8')).toBe('never uploaded')
  expect(readdirSync(folder).toSorted()).toEqual(['neo4j.dump', 'neo4j.dump.meta'])
})

test('[artifact.prune] a file goes whose name is so long that nothing can be beside it', async () => {
  path = join(folder, 'x'.repeat(255))
  writeFileSync(path, 'uploaded')
  expect(await pruneWhile(() => {})).toEqual([path])
})

test('[artifact.prune] a .meta that is another one by then stays', async () => {
  const pruned = await pruneWhile(() => {
    writeFileSync(`${path}.new`, 'of the next export')
    renameSync(`${path}.new`, `${path}.meta`)
  })
  expect(pruned).toEqual([path])
  expect(readFileSync(`${path}.meta`, 'utf8')).toBe('of the next export')
})
