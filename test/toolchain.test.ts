import { execa } from 'execa'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-toolchain-'))
  for (const name of ['package.json', 'tsconfig.json', '.oxlintrc.json', 'knip.json', '.prettierrc.json']) {
    copyFileSync(join(project, name), join(root, name))
  }
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
})
afterEach(() => rmSync(root, { recursive: true }))

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/** Runs a tool of the project in the planted folder. */
async function run(tool: string, ...words: string[]): Promise<{ exitCode: number | undefined; stdout: string }> {
  const { exitCode, stdout } = await execa(join(project, 'node_modules/.bin', tool), words, { cwd: root, reject: false })
  return { exitCode, stdout }
}

describe('each rule finds its planted violation', () => {
  test('lint', async () => {
    const planted: Record<string, [path: string, text: string]> = {
      'typescript(no-floating-promises)': ['src/core/floating.ts', 'export function f() {\n  Promise.resolve()\n}\n'],
      'typescript(no-misused-promises)': ['src/core/misused.ts', 'export const f = (p: Promise<boolean>) => (p ? 1 : 2)\n'],
      'typescript(await-thenable)': ['src/core/thenable.ts', 'export async function f() {\n  await 1\n}\n'],
      'typescript(return-await)': [
        'src/core/returned.ts',
        'export async function f(p: Promise<void>) {\n  try {\n    return p\n  } catch (error) {\n    throw new Error("f", { cause: error })\n  }\n}\n',
      ],
      'eslint(no-throw-literal)': ['src/core/thrown.ts', "export function f() {\n  throw 'text'\n}\n"],
      'typescript(switch-exhaustiveness-check)': [
        'src/core/partial.ts',
        "export function f(x: 'a' | 'b') {\n  switch (x) {\n    case 'a':\n      return 1\n  }\n  return 2\n}\n",
      ],
      'typescript(no-explicit-any)': ['src/core/any.ts', 'export const f = (x: any) => x\n'],
      'import(no-cycle)': ['src/core/one.ts', "import { two } from './two.ts'\nexport const one = () => two\n"],
      'oxc(no-barrel-file)': ['src/core/barrel.ts', "export * from './any.ts'\n"],
      'eslint(no-empty)': ['src/core/swallowed.ts', 'export function f() {\n  try {\n    f()\n  } catch {}\n}\n'],
      'eslint(max-lines)': ['src/core/long.ts', `export const x = 1\n${'// a line\n'.repeat(300)}`],
      'import(no-default-export)': ['src/core/nameless.ts', 'export default 1\n'],
      'eslint(no-console)': ['src/core/printed.ts', "console.log('x')\n"],
      'node(no-process-env)': ['src/core/environment.ts', "export const home = process.env['HOME']\n"],
      'unicorn(no-process-exit)': ['src/core/exit.ts', 'process.exit(1)\n'],
      'vitest(no-focused-tests)': ['test/focused.test.ts', "import { test } from 'vitest'\ntest.only('x', () => {})\n"],
      'vitest(no-disabled-tests)': ['test/disabled.test.ts', "import { test } from 'vitest'\ntest.skip('x', () => {})\n"],
      'eslint(no-restricted-imports)': ['src/core/smuggled.ts', "import { env } from 'node:process'\nexport const x = env\n"],
    }
    plant({
      'src/core/two.ts': "import { one } from './one.ts'\nexport const two = () => one\n",
      ...Object.fromEntries(Object.values(planted)),
    })
    const { exitCode, stdout } = await run('oxlint', '--type-aware', '--format', 'json', 'src', 'test')
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] }
    const found = diagnostics.map(({ code, filename }) => `${filename}: ${code}`)
    const expected = Object.entries(planted).map(([rule, [path]]) => `${path}: ${rule}`)
    expect(expected.filter((violation) => !found.includes(violation))).toEqual([])
    expect(exitCode).not.toBe(0)
  })

  test('what the rules allow stays allowed', async () => {
    plant({
      'src/config/environment.ts': 'export const environment = () => process.env\n',
      'src/main.ts': 'process.exit(1)\n',
      'test/x.test.ts': "console.log(process.env['HOME'])\n",
      'src/core/f.ts': 'export function f(p: Promise<void>) {\n  void p\n}\n',
    })
    expect(await run('oxlint', '--type-aware', '--deny-warnings', 'src', 'test')).toMatchObject({ exitCode: 0 })
  })

  test('types', async () => {
    const planted: Record<string, [path: string, text: string]> = {
      TS7006: ['src/implicitAny.ts', 'export const f = (x) => x\n'],
      TS2322: ['src/null.ts', 'export const x: string = null\n'],
      TS18046: ['src/caught.ts', 'export function f() {\n  try {\n    f()\n  } catch (e) {\n    return e.message\n  }\n}\n'],
      TS2532: ['src/indexed.ts', 'export const f = (list: string[]) => list[0].length\n'],
      TS2375: ['src/optional.ts', 'export const x: { a?: string } = { a: undefined }\n'],
      TS4114: ['src/override.ts', 'class A {\n  f() {}\n}\nexport class B extends A {\n  f() {}\n}\n'],
      TS7029: [
        'src/fallthrough.ts',
        'export function f(x: number) {\n  switch (x) {\n    case 1:\n      x += 1\n    case 2:\n      return x\n  }\n  return 0\n}\n',
      ],
      TS1294: ['src/enum.ts', 'export enum E {\n  a,\n}\n'],
      TS1484: ['src/typeImport.ts', "import { ParsedPath } from 'node:path'\nexport const f = (x: ParsedPath) => x\n"],
      TS4111: ['src/dotted.ts', 'export const f = (x: Record<string, string>) => x.name\n'],
      TS6133: ['src/unused.ts', 'export function f() {\n  const x = 1\n}\n'],
    }
    plant(Object.fromEntries(Object.values(planted)))
    const { exitCode, stdout } = await run('tsc', '-p', '.', '--pretty', 'false')
    const found = stdout.split('\n').map((line) => line.replace(/\(.*?\): error (TS\d+):.*$/, ': $1'))
    const expected = Object.entries(planted).map(([code, [path]]) => `${path}: ${code}`)
    expect(expected.filter((violation) => !found.includes(violation))).toEqual([])
    expect(exitCode).not.toBe(0)
  })

  test('dead code', async () => {
    plant({
      'src/main.ts': "import { used } from './used.ts'\nused()\n",
      'src/used.ts': 'export const used = () => {}\nexport const unused = 1\n',
      'src/orphan.ts': 'export const orphan = 1\n',
    })
    const { exitCode, stdout } = await run('knip', '--reporter', 'compact', '--no-progress')
    expect(stdout).toMatch(/orphan\.ts/)
    expect(stdout).toMatch(/used\.ts: unused/)
    expect(stdout).toMatch(/Unused dependencies[^]*neo4j-driver/)
    expect(exitCode).not.toBe(0)
  })

  test('format', async () => {
    plant({ 'src/core/odd.ts': 'export const x = "double";\n', 'src/core/even.ts': "export const x = 'single'\n" })
    const { exitCode } = await run('prettier', '--check', 'src')
    expect(exitCode).not.toBe(0)
    expect((await run('prettier', '--check', 'src/core/even.ts')).exitCode).toBe(0)
  })
})

describe('package-lock.json', () => {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string; integrity?: string; optionalDependencies?: Record<string, string> }>
  }
  const packages = Object.entries(lock.packages)

  test('names no registry, and has a checksum for every package', () => {
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
    expect(packages.filter(([path, { integrity }]) => path !== '' && integrity === undefined).map(([path]) => path)).toEqual([])
  })

  test('has the packages of every platform, without which npm ci refuses it', () => {
    const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  })
})
