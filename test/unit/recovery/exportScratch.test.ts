import { execa } from 'execa'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ExportScratch } from '../../../src/recovery/exportScratch.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-scratch-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('a scratch folder is private, and gone when the export ends', async () => {
  const directory = join(folder, 'new/exports')
  let path: string
  {
    await using scratch = await ExportScratch.create(directory)
    path = scratch.path
    writeFileSync(join(path, 'big'), 'data')
    expect(statSync(path).mode & 0o777).toBe(0o700)
  }
  expect(existsSync(path)).toBe(false)
  expect(readdirSync(directory)).toEqual([])
})

test('what a killed export left is removed by the next one, what a living one has is not', async () => {
  const module = join(import.meta.dirname, '../../../src/recovery/exportScratch.ts')
  const script = `
    const { ExportScratch } = await import(${JSON.stringify(module)})
    await ExportScratch.create(${JSON.stringify(folder)})
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = await execa(process.execPath, ['--input-type=module', '-e', script], { reject: false })
  expect(signal).toBe('SIGKILL')
  const [abandoned] = readdirSync(folder)
  expect(abandoned).toMatch(/^\.holdfast-export-/)

  await using living = await ExportScratch.create(folder)
  await using another = await ExportScratch.create(folder)
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted(),
  ).toEqual([living.path, another.path].toSorted())
})
