import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grammar } from '../../../src/cli/commands.ts'
import { completionScripts } from '../../../src/cli/completionScripts.ts'

const nodes = [
  { path: '', words: ['backup', 'version'], flags: ['--json'], values: { '--log-level': ['info', 'warn'] } },
  { path: 'backup', words: ['create', 'list'], flags: ['--help'], values: {} },
  {
    path: 'backup create',
    words: [],
    flags: ['--repo', '--json'],
    values: { '--repo': 'directory', '--key-file': 'file', '--label': 'other' },
  },
  { path: 'version', words: ['short', 'long'], flags: ['--json'], values: { '--log-level': ['info', 'warn'] } },
] as const

/** What bash would offer at the end of a line. */
function offered(line: string, script = completionScripts.bash(nodes)): string[] {
  const program = `cd "$0" && ${script}
COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _holdfast; echo "\${COMPREPLY[*]}"`
  return execFileSync('bash', ['-uc', program, folder], { encoding: 'utf8' }).trim().split(' ').filter(Boolean)
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-completion-'))
  mkdirSync(join(folder, 'directory'))
  writeFileSync(join(folder, 'dull'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['holdfast ', ['backup', 'version', '--json']],
  ['holdfast b', ['backup']],
  ['holdfast --json ', ['backup', 'version', '--json']],
  ['holdfast backup ', ['create', 'list', '--help']],
  ['holdfast backup create --r', ['--repo']],
  ['holdfast backup create --repo version --', ['--repo', '--json']],
  ['holdfast version --', ['--json']],
  ['holdfast version s', ['short']],
  ['holdfast --log-level ', ['info', 'warn']],
  ['holdfast version --log-level w', ['warn']],
  ['holdfast version --log-level = w', ['warn']],
  ['holdfast backup create --repo ', ['directory']],
  ['holdfast backup create --repo d', ['directory']],
  ['holdfast backup create --key-file du', ['dull']],
  ['holdfast backup create --label ', []],
  ['holdfast backup create --label --', []],
  ['holdfast backup create --repo x', []],
])('bash completes "%s"', (line, words) => expect(offered(line)).toEqual(words))

test('fish is told what may follow what', () => {
  expect(completionScripts.fish(nodes).split('\n')).toEqual([
    "complete -c holdfast -f -n 'not __fish_seen_subcommand_from backup version' -a 'backup version'",
    "complete -c holdfast -n 'not __fish_seen_subcommand_from backup version' -l json",
    "complete -c holdfast -f -n '__fish_seen_subcommand_from backup; and not __fish_seen_subcommand_from create list' -a 'create list'",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and not __fish_seen_subcommand_from create list' -l help",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and __fish_seen_subcommand_from create' -l repo -x -a '(__fish_complete_directories)'",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and __fish_seen_subcommand_from create' -l json",
    "complete -c holdfast -f -n '__fish_seen_subcommand_from version' -a 'short long'",
    "complete -c holdfast -n '__fish_seen_subcommand_from version' -l json",
  ])
})

describe('the commands as they are', () => {
  let script: string
  beforeAll(async () => {
    const command = grammar().commands.find(({ name }) => name === 'completion')!
    const { result } = await command.execute({ arguments: { shell: 'bash' }, options: {} }, {} as never)
    script = (result as { script: string }).script
  })

  test.each([
    ['holdfast --log-level ', ['trace', 'debug', 'info', 'warn', 'error']],
    ['holdfast backup export x --format ', ['dump', 'backup.gz']],
    ['holdfast s3 lifecycle --format ', ['json', 'terraform']],
    ['holdfast completion z', ['zsh']],
    ['holdfast help exit', ['exit-codes']],
    ['holdfast help set', ['settings']],
    ['holdfast help s3 ', ['upload', 'verify-restore', 'lifecycle', '--config', '--json', '--quiet', '--log-level', '--help']],
    ['holdfast help backup cr', ['create']],
    ['holdfast restore start --to-dir ', ['directory']],
    ['holdfast restore start --to-tx ', []],
    ['holdfast restore start --repo ', ['directory']],
  ])('bash completes "%s"', (line, words) => expect(offered(line, script)).toEqual(words))
})
