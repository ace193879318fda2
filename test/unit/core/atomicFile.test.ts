import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeFileAtomically } from '../../../src/core/atomicFile.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-atomic-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test('replaces a file whole, privately, and leaves nothing beside it', async () => {
  const path = join(folder, 'journal.json')
  await writeFile(path, 'the old and longer content', { mode: 0o644 })
  await writeFileAtomically(path, 'new')
  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['journal.json'])
})

test('a reader beside many writers never sees a part', async () => {
  const path = join(folder, 'journal.json')
  const contents = Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000))
  await writeFileAtomically(path, contents[0]!)
  const writers = Promise.all(contents.map((content) => writeFileAtomically(path, content)))
  let isWriting = true
  const finished = writers.finally(() => (isWriting = false))
  while (isWriting) expect(contents).toContain(await readFile(path, 'utf8'))
  await finished
  expect(await readdir(folder)).toEqual(['journal.json'])
})

test('a failed write leaves the old content and no temporary file', async () => {
  const path = join(folder, 'taken')
  await mkdir(join(path, 'sub'), { recursive: true })
  await expect(writeFileAtomically(path, 'new')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/) })
  expect(await readdir(folder)).toEqual(['taken'])
})
