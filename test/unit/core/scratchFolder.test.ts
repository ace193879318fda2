import { execa } from 'execa'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ScratchFolder } from '../../../src/core/scratchFolder.ts'

const prefix = '.holdfast-work-'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-scratch-'))))
afterEach(() => rmSync(folder, { recursive: true }))

test('a scratch folder is private, and gone when the work ends', async () => {
  const directory = join(folder, 'new/exports')
  let path: string
  {
    await using scratch = await ScratchFolder.create(directory, prefix)
    path = scratch.path
    writeFileSync(join(path, 'big'), 'data')
    expect(statSync(path).mode & 0o777).toBe(0o700)
  }
  expect(existsSync(path)).toBe(false)
  expect(readdirSync(directory)).toEqual([])
})

test('what killed work left is removed by the next, what living work has is not', async () => {
  const module = join(import.meta.dirname, '../../../src/core/scratchFolder.ts')
  const script = `
    const { ScratchFolder } = await import(${JSON.stringify(module)})
    await ScratchFolder.create(${JSON.stringify(folder)}, ${JSON.stringify(prefix)})
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = await execa(process.execPath, ['--input-type=module', '-e', script], { reject: false })
  expect(signal).toBe('SIGKILL')
  const [abandoned] = readdirSync(folder)
  expect(abandoned).toMatch(/^\.holdfast-work-/)

  await using living = await ScratchFolder.create(folder, prefix)
  await using another = await ScratchFolder.create(folder, prefix)
  expect(
    readdirSync(folder)
      .map((name) => join(folder, name))
      .toSorted(),
  ).toEqual([living.path, another.path].toSorted())
})
