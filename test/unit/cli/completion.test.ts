import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { completionScripts } from '../../../src/cli/completionScripts.ts'

const nodes = [
  { path: '', words: ['backup', 'version'], flags: ['--json'] },
  { path: 'backup', words: ['create', 'list'], flags: ['--help'] },
  { path: 'backup create', words: [], flags: ['--repo', '--json'] },
  { path: 'version', words: [], flags: ['--json'] },
]

/** What bash would offer at the end of a line. */
function offered(line: string): string[] {
  const script = `${completionScripts.bash(nodes)}
COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _holdfast; echo "\${COMPREPLY[*]}"`
  return execFileSync('bash', ['-uc', script], { encoding: 'utf8' }).trim().split(' ').filter(Boolean)
}

test.each([
  ['holdfast ', ['backup', 'version', '--json']],
  ['holdfast b', ['backup']],
  ['holdfast --json ', ['backup', 'version', '--json']],
  ['holdfast backup ', ['create', 'list', '--help']],
  ['holdfast backup create --r', ['--repo']],
  ['holdfast backup create --repo version --', ['--repo', '--json']],
  ['holdfast version --', ['--json']],
  ['holdfast backup create --repo x', []],
])('bash completes "%s"', (line, words) => expect(offered(line)).toEqual(words))

test('fish is told what may follow what', () => {
  expect(completionScripts.fish(nodes).split('\n')).toEqual([
    "complete -c holdfast -f -n 'not __fish_seen_subcommand_from backup version' -a 'backup version'",
    "complete -c holdfast -n 'not __fish_seen_subcommand_from backup version' -l json",
    "complete -c holdfast -f -n '__fish_seen_subcommand_from backup; and not __fish_seen_subcommand_from create list' -a 'create list'",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and not __fish_seen_subcommand_from create list' -l help",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and __fish_seen_subcommand_from create' -l repo",
    "complete -c holdfast -n '__fish_seen_subcommand_from backup; and __fish_seen_subcommand_from create' -l json",
    "complete -c holdfast -n '__fish_seen_subcommand_from version' -l json",
  ])
})
