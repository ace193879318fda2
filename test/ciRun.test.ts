import { execa } from 'execa'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-ci-'))
  mkdirSync(join(root, '.ci'))
  mkdirSync(join(root, 'bin'))
  copyFileSync(join(import.meta.dirname, '../.ci/run'), join(root, '.ci/run'))
  // Only what the script may use is on its PATH.
  for (const tool of ['bash', 'dirname', 'env', 'grep', 'mktemp', 'rm', 'tail', 'tee'])
    symlinkSync(`/usr/bin/${tool}`, join(root, 'bin', tool))
  for (const tool of ['node', 'java', 'mvn', 'go', 'python3', 'openssl', 'git']) plantTool(tool, 'exit 0')
})
afterEach(() => rmSync(root, { recursive: true }))

function plantTool(name: string, script: string): void {
  writeFileSync(join(root, 'bin', name), `#!/usr/bin/env bash\n${script}\n`)
  chmodSync(join(root, 'bin', name), 0o755)
}

/** Runs the script with an npm that does what is told for `npm ci`, `npm run check` and `npm test`. */
async function run(steps: {
  ci?: string
  check?: string
  test?: string
}): Promise<{ status: number | undefined; last: string | undefined }> {
  const { ci = 'exit 0', check = 'exit 0', test: tests = "echo '12 passed, 0 failed'" } = steps
  plantTool('npm', `case "$*" in\n ci) ${ci} ;;\n 'run check') ${check} ;;\n test) ${tests} ;;\n *) exit 99 ;;\nesac`)
  const { exitCode, stdout } = await execa(join(root, '.ci/run'), {
    env: { PATH: join(root, 'bin') },
    extendEnv: false,
    reject: false,
  })
  return { status: exitCode, last: stdout.split('\n').at(-1) }
}

test.each([
  ['a good run', {}, { status: 0, last: '12 passed, 0 failed' }],
  ['skipped tests', { test: "echo '12 passed, 0 failed, 1 skipped'" }, { status: 0, last: '12 passed, 0 failed, 1 skipped' }],
  ['a failed test', { test: "echo '11 passed, 1 failed'; echo 'npm error'; exit 1" }, { status: 1, last: '11 passed, 1 failed' }],
  ['a failed check', { check: 'exit 1' }, { status: 1, last: '12 passed, 1 failed' }],
  ['a failed installation', { ci: 'exit 1' }, { status: 1, last: '0 passed, 1 failed' }],
  ['a test run that dies without a count', { test: 'echo crash; exit 134' }, { status: 1, last: '0 passed, 1 failed' }],
  [
    'a test run that fails though no test did',
    { test: "echo '12 passed, 0 failed'; exit 1" },
    { status: 1, last: '12 passed, 1 failed' },
  ],
  ['a test run without tests', { test: "echo '0 passed, 0 failed'" }, { status: 1, last: '0 passed, 0 failed' }],
])('%s', async (_, steps, expected) => expect(await run(steps)).toEqual(expected))

test.each(['java', 'mvn', 'go', 'python3', 'openssl', 'git'])('without %s', async (tool) => {
  rmSync(join(root, 'bin', tool))
  expect(await run({})).toEqual({ status: 1, last: '0 passed, 1 failed' })
})
