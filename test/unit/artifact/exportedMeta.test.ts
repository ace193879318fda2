import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exportedMetaPath, readExportedMeta } from '../../../src/artifact/exportedMeta.ts'

let path: string
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'holdfast-meta-')), 'neo4j.dump')
})
afterEach(() => rmSync(join(path, '..'), { recursive: true }))

const meta = { sha256: 'ab'.repeat(32), size: 7, database: 'neo4j', neo4j: '5.26.30', backup: 'b1', transaction: { id: 42 } }
const whole = JSON.stringify(meta, undefined, 2)

test('what an export wrote beside a file is read', async () => {
  writeFileSync(exportedMetaPath(path), whole)
  expect(await readExportedMeta(path)).toEqual(meta)
})

test('where nothing is beside a file, or what another program keeps there, nothing is told of it', async () => {
  expect(await readExportedMeta(path)).toBeUndefined()
  // No file can be called so.
  expect(await readExportedMeta(join(path, '..', 'x'.repeat(255)))).toBeUndefined()
  writeFileSync(exportedMetaPath(path), JSON.stringify({ owner: 'me', size: 'large' }))
  expect(await readExportedMeta(path)).toBeUndefined()
  rmSync(exportedMetaPath(path))
  mkdirSync(exportedMetaPath(path))
  expect(await readExportedMeta(path)).toBeUndefined()
  rmSync(exportedMetaPath(path), { recursive: true })
  // Opening it would wait for a writer that never comes.
  execFileSync('mkfifo', [exportedMetaPath(path)])
  expect(await readExportedMeta(path)).toBeUndefined()
})

test('of a .meta that is far too long only the beginning is read, and it is not taken for none', async () => {
  writeFileSync(exportedMetaPath(path), `${whole}${' '.repeat(1 << 20)}x`)
  expect(await readExportedMeta(path)).toEqual(meta)
  writeFileSync(exportedMetaPath(path), JSON.stringify({ ...meta, database: 'x'.repeat(1 << 20) }))
  await expect(readExportedMeta(path)).rejects.toMatchObject({ code: 'integrity' })
})

test('[artifact.upload] a .meta that is cut anywhere is not taken for none', async () => {
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(exportedMetaPath(path), whole.slice(0, length))
    await expect(readExportedMeta(path), `of ${length} characters`).rejects.toMatchObject({
      code: 'integrity',
      message: expect.stringMatching(/neo4j\.dump\.meta is cut or changed/) as string,
    })
  }
})

test.each(Object.keys(meta).map((name) => [name] as const))(
  '[artifact.upload] a .meta whose %s is no longer what an export writes is not taken for none',
  async (name) => {
    writeFileSync(exportedMetaPath(path), JSON.stringify({ ...meta, [name]: ['else'] }))
    await expect(readExportedMeta(path)).rejects.toMatchObject({ code: 'integrity' })
  },
)
