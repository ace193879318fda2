import { execa } from 'execa'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-tally-'))
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(root, 'vitest.config.ts'),
    `import { TallyReporter } from '${project}/test/support/tallyReporter.ts'
export default { test: { reporters: ['default', new TallyReporter()] } }`,
  )
})
afterEach(() => rmSync(root, { recursive: true }))

const passing = "test('passes', () => {})"

test.each([
  ['tests that pass', passing, 0, '1 passed, 0 failed'],
  ['a test that fails', `${passing}\ntest('fails', () => expect(1).toBe(2))`, 1, '1 passed, 1 failed'],
  ['skipped tests', `${passing}\ntest.skip('skipped', () => {})\ntest.todo('later')`, 0, '1 passed, 0 failed, 2 skipped'],
  ['a file that cannot be loaded', "throw new Error('at load')", 1, '0 passed, 1 failed'],
  [
    'a hook that fails',
    `describe('d', () => {\n beforeAll(() => { throw new Error('hook') })\n ${passing}\n})`,
    1,
    '0 passed, 1 failed, 1 skipped',
  ],
  ['a rejection nobody handles', `${passing}\nPromise.reject(new Error('lost'))`, 1, '1 passed, 1 failed'],
])('%s', async (_, text, status, last) => {
  writeFileSync(join(root, 'x.test.ts'), `import { beforeAll, describe, expect, test } from 'vitest'\n${text}\n`)
  const { exitCode, stdout } = await execa(join(project, 'node_modules/.bin/vitest'), ['run'], { cwd: root, reject: false })
  expect({ exitCode, last: stdout.split('\n').at(-1) }).toEqual({ exitCode: status, last })
})
