import { execa } from 'execa'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { printNote } from '../../../src/cli/output.ts'
import { grammar } from '../../../src/cli/commands.ts'

const main = join(import.meta.dirname, '../../../src/main.ts')

async function holdfast(...words: string[]) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...words], {
    reject: false,
    env: { NODE_NO_WARNINGS: '1' },
  })
  return { exitCode, stdout, stderr }
}

test('the program exits with the status of its command', async () => {
  const [good, bad] = await Promise.all([holdfast('version', '--json'), holdfast('vresion')])
  expect(good).toMatchObject({ exitCode: 0, stderr: '' })
  expect(JSON.parse(good.stdout)).toMatchObject({ holdfast: grammar().version, node: process.versions.node })
  expect(bad).toEqual({ exitCode: 2, stdout: '', stderr: "holdfast: unknown command 'vresion'\n  next: did you mean version?" })
})

test('a reader that leaves early does no harm', async () => {
  const { exitCode, stderr } = await execa('bash', [
    '-c',
    `set -o pipefail; "$0" "$1" help settings | head -n 1`,
    process.execPath,
    main,
  ])
  expect([exitCode, stderr]).toEqual([0, ''])
})

test('a result that cannot be written is a failure', async () => {
  const { exitCode, stderr } = await execa('bash', ['-c', '"$0" "$1" help settings > /dev/full', process.execPath, main], {
    reject: false,
  })
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('holdfast: the result cannot be written: ENOSPC')])
})

describe('with --json stderr stays JSON', () => {
  test.each([
    ['the flag', ['--json'], {}],
    ['the variable', [], { HOLDFAST_JSON: 'true' }],
  ])('where the result cannot be written: %s', async (_, flags, env) => {
    const command = ['-c', '"$0" "$@" > /dev/full', process.execPath, main, 'help', 'settings', ...flags]
    const { exitCode, stderr } = await execa('bash', command, { reject: false, env })
    expect([exitCode, JSON.parse(stderr)]).toEqual([
      1,
      { error: { code: 'failed', message: expect.stringContaining('ENOSPC'), hint: expect.any(String) } },
    ])
  })

  test('where it is interrupted', () => {
    const lines: string[] = []
    for (const json of [true, false]) printNote({ write: (line) => lines.push(line) }, 'stopping after SIGINT', json)
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', msg: 'stopping after SIGINT' })
    expect(lines[1]).toBe('\nholdfast: stopping after SIGINT\n')
  })
})

describe('help', () => {
  test('explains topics and commands', async () => {
    const [codes, settings, command] = await Promise.all([
      holdfast('help', 'exit-codes'),
      holdfast('help', 'settings'),
      holdfast('help', 'completion'),
    ])
    expect(codes.stdout).toMatch(/130 +interrupted/)
    expect(settings.stdout).toContain('HOLDFAST_DATA_DIR')
    expect(command.stdout).toContain('Usage: holdfast completion [options] <shell>')
  })

  test('suggests the nearest topic', async () => {
    expect(await holdfast('help', 'exit-code')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('did you mean exit-codes?'),
    })
  })
})

describe('every command', () => {
  test.each(grammar().commands.map((command) => [command.name, command] as const))(
    '%s says what it needs to',
    (name, command) => {
      const [group, member] = name.split(' ')
      expect(Object.keys(grammar().groups).includes(group!)).toBe(member !== undefined)
      expect(command.summary).toMatch(/^[a-z].*[^.]$/)
      expect(command.examples.length).toBeGreaterThan(0)
      for (const example of command.examples) expect(example.command).toContain(`holdfast ${name}`)
      // An option must not hide a setting of the same name.
      expect(Object.keys(command.options).filter((option) => (command.settings as readonly string[]).includes(option))).toEqual(
        [],
      )
    },
  )
})
