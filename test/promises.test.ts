import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { promises } from './promises.ts'

interface Citation {
  id: string
  file: string
}

/** The ids in square brackets that begin titles: `test('[a.one] [b.two] does it', …)`. */
function citations(file: string, text: string): Citation[] {
  const beginnings = [...text.matchAll(/\(\s*['"`]((?:\[[a-z0-9-]+\.[a-z0-9-]+\] )+)/g)].map((match) => match[1]!)
  return beginnings.flatMap((ids) => [...ids.matchAll(/\[(.*?)\]/g)].map((match) => ({ id: match[1]!, file })))
}

function unproven(found: readonly Citation[]): string[] {
  return promises.filter(({ id }) => !found.some((citation) => citation.id === id)).map(({ id }) => id)
}

function unknown(found: readonly Citation[]): string[] {
  return found.filter(({ id }) => !promises.some((promise) => promise.id === id)).map(({ id, file }) => `${file}: ${id}`)
}

const found = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && name !== 'promises.test.ts')
  .flatMap((name) => citations(name, readFileSync(join(import.meta.dirname, name), 'utf8')))

test('every promise is proven by a test', () => expect(unproven(found)).toEqual([]))

test('every citation is of a promise', () => expect(unknown(found)).toEqual([]))

test('ids are unique and sentences are sentences', () => {
  const ids = promises.map(({ id }) => id)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  for (const { sentence } of promises) expect(sentence).toMatch(/^[A-Z].*\.$/)
})

test('a promise without a test and a citation of what is not promised are found', () => {
  const text = `
    describe('[a.one] [a.two] in a describe', () => {})
    test.each([['(']])(
      '[b.three] in a table', () => {})
    test.skipIf(x)("[c.four] it's conditional", () => {})
    test('mentions [d.none] later', () => {})
  `
  const cited = citations('x.test.ts', text)
  expect(cited.map(({ id }) => id)).toEqual(['a.one', 'a.two', 'b.three', 'c.four'])
  expect(unknown(cited)).toContain('x.test.ts: a.one')
  expect(unproven(cited)).toContain('restore.exact')
})
