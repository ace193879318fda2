import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeExactly } from '../../../src/artifact/removeExactly.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-remove-'))
  path = join(folder, 'neo4j.dump')
  writeFileSync(path, 'the one that was there')
})
afterEach(() => rmSync(folder, { recursive: true }))

const contents = (): string[] => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))

test('the file that is meant is removed', async () => {
  const { ino } = statSync(path, { bigint: true })
  expect(await removeExactly(path, (found) => found.ino === ino)).toBe(true)
  expect(readdirSync(folder)).toEqual([])
})

test.each(['x'.repeat(255), `${'x'.repeat(60)}${'日'.repeat(65)}`])(
  'the name may be as long as a name can be (%#)',
  async (name) => {
    path = join(folder, name)
    writeFileSync(path, 'of a long name')
    expect(await removeExactly(path, () => false)).toBe(false)
    expect(contents()).toContain('of a long name')
    expect(await removeExactly(path, () => true)).toBe(true)
    expect(readdirSync(folder)).toEqual(['neo4j.dump'])
  },
)

test('[artifact.prune] another file that has taken the name is there as before', async () => {
  expect(await removeExactly(path, () => false)).toBe(false)
  expect(readdirSync(folder)).toEqual([basename(path)])
  expect(contents()).toEqual(['the one that was there'])
})

test('[artifact.prune] a file that takes the name just then stays, whichever was meant', async () => {
  const takenWhen = (isMeant: boolean) => () => {
    writeFileSync(path, 'a new one', { flag: 'wx' })
    return isMeant
  }
  expect(await removeExactly(path, takenWhen(true))).toBe(true)
  expect(contents()).toEqual(['a new one'])

  rmSync(path)
  writeFileSync(path, 'the one that was there')
  await expect(removeExactly(path, takenWhen(false))).rejects.toMatchObject({
    code: 'refused',
    hint: expect.stringMatching(/it is .*neo4j\.dump\.holdfast-[0-9a-f]+ now/) as string,
  })
  expect(contents().toSorted()).toEqual(['a new one', 'the one that was there'])
})
