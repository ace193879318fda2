import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { architectureViolations } from './support/architecture.ts'

test('the project keeps to ARCHITECTURE.md', () => {
  expect(architectureViolations(join(import.meta.dirname, '..'))).toEqual([])
})

describe('a planted violation is found', () => {
  const table = [
    '| level | folder | what it is |',
    '|---|---|---|',
    '| 2 | main.ts | starts |',
    '| 1 | high | the upper |',
    '| 1 | twin | its sibling |',
    '| 0 | low | the lower; pure |',
  ].join('\n')
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-architecture-'))
    plant('ARCHITECTURE.md', table)
    plant('src/main.ts', "import './high/a.ts'\nprocess.exit(0)\n")
    plant('src/high/a.ts', "import { b } from '../low/b.ts'\nimport './c.ts'\n")
    plant('src/high/c.ts', 'export const c = 1\n')
    plant('src/twin/t.ts', 'export const t = 1\n')
    plant('src/low/b.ts', 'export const b = 1\n')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  function plant(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }

  test('and a clean project has none', () => {
    expect(architectureViolations(root)).toEqual([])
  })

  const violations: readonly { what: string; path: string; text: string; says: string[] }[] = [
    {
      what: 'an import from a higher level',
      path: 'src/low/b.ts',
      text: "export { c } from '../high/c.ts'\n",
      says: ['src/low/b.ts: imports src/high/c.ts, which is a higher level'],
    },
    {
      what: 'a type import from a higher level',
      path: 'src/low/b.ts',
      text: "import type { C } from '../high/c.ts'\n",
      says: ['src/low/b.ts: imports src/high/c.ts, which is a higher level'],
    },
    {
      what: 'an import from a sibling folder',
      path: 'src/high/c.ts',
      text: "const t = await import('../twin/t.ts')\n",
      says: ['src/high/c.ts: imports src/twin/t.ts, which is a sibling'],
    },
    {
      what: 'a cycle',
      path: 'src/high/c.ts',
      text: "import './a.ts'\n",
      says: ['import cycle: src/high/a.ts → src/high/c.ts → src/high/a.ts'],
    },
    {
      what: 'a folder that is not in the table',
      path: 'src/stray/x.ts',
      text: '',
      says: ['src/stray/x.ts: its folder is not in the level table'],
    },
    {
      what: 'a row without a folder',
      path: 'ARCHITECTURE.md',
      text: `${table}\n| 0 | gone | was here |`,
      says: ['ARCHITECTURE.md: src/gone is listed but not there'],
    },
    {
      what: 'source that imports a test',
      path: 'src/high/c.ts',
      text: "import '../../test/x.ts'\n",
      says: ['src/high/c.ts: imports ../../test/x.ts, which is outside src'],
    },
    {
      what: 'an import of what is not there',
      path: 'src/high/c.ts',
      text: "import './gone.ts'\n",
      says: ['src/high/c.ts: imports ./gone.ts, which is not there'],
    },
    {
      what: 'files in a pure folder',
      path: 'src/low/b.ts',
      text: "import { open } from 'node:fs/promises'\n",
      says: ['src/low/b.ts: imports node:fs/promises, but low is pure'],
    },
    {
      what: 'an exit outside main.ts',
      path: 'src/high/c.ts',
      text: 'process.exit(1)\n',
      says: ['src/high/c.ts: touches the process; only src/main.ts does'],
    },
    {
      what: 'a file that is too long',
      path: 'src/high/c.ts',
      text: '\n'.repeat(301),
      says: ['src/high/c.ts: 301 lines, the limit is 300'],
    },
    {
      what: 'a test that is too long',
      path: 'test/long.test.ts',
      text: '\n'.repeat(301),
      says: ['test/long.test.ts: 301 lines, the limit is 300'],
    },
    ...['utils', 'helpers', 'manager', 'common', 'types', 'index', 'stringUtils', 'blockManager'].map((name) => ({
      what: `a file named ${name}.ts`,
      path: `src/high/${name}.ts`,
      text: '',
      says: [`src/high/${name}.ts: '${name}' says nothing about what it is`],
    })),
    { what: 'a missing table', path: 'ARCHITECTURE.md', text: '', says: ['ARCHITECTURE.md: no level table found'] },
  ]
  test.each(violations)('$what', ({ path, text, says }) => {
    plant(path, text)
    expect(architectureViolations(root)).toEqual(expect.arrayContaining(says))
  })
})
