import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { grammar } from '../src/cli/commands.ts'
import { readCommandLine } from '../src/cli/grammar.ts'
import { markedBlocks, runBlocks, shellBlocks } from './support/shellBlocks.ts'

const project = join(import.meta.dirname, '..')
const pages = globSync(['*.md', '{config,deploy,docs}/**/*.md'], { cwd: project })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(project, path), 'utf8') }))
const sources = globSync('src/**/*.ts', { cwd: project })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(project, path), 'utf8') }))

describe('the shell blocks marked in a page run', () => {
  const runnable = pages.map(({ path, text }) => ({ path, blocks: markedBlocks(text) })).filter(({ blocks }) => blocks.length > 0)

  test.each(runnable)('$path', async ({ blocks }) => {
    const { exitCode, output } = await runBlocks(blocks)
    expect(exitCode, output).toBe(0)
  })

  test('of README.md too', () => expect(runnable.map(({ path }) => path)).toContain('README.md'))

  test('in order, in one shell, with holdfast on the PATH, and the first failure counts', async () => {
    const page = [
      '<!-- run -->',
      '```sh',
      'name=version',
      '```',
      'Then:',
      '<!-- run -->',
      '```sh',
      'holdfast $name',
      '```',
      '```sh',
      'exit 3',
      '```',
    ]
    expect(await runBlocks(markedBlocks(page.join('\n')))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('holdfast 0.'),
    })
    expect(await runBlocks(['holdfast vresion', 'true'])).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining('did you mean version?'),
    })
  })
})

describe('a command line that is shown is understood', () => {
  test.each(pages)('in $path', ({ text }) =>
    expect(misunderstood([...inline(text), ...shellBlocks(text).flatMap(lines)])).toEqual([]),
  )

  test('in the services of deploy/systemd', () => {
    const services = globSync('deploy/systemd/*.service', { cwd: project }).map((path) =>
      readFileSync(join(project, path), 'utf8'),
    )
    const started = services.flatMap((text) =>
      [...text.matchAll(/^ExecStart=\/usr\/local\/bin\/(holdfast .*)$/gm)].map((match) => match[1]!),
    )
    expect(started).toHaveLength(services.length)
    expect(misunderstood(started)).toEqual([])
  })

  test('in the hints of src', () => expect(misunderstood(sources.flatMap(({ text }) => inline(text)))).toEqual([]))

  test('in the examples of commands', () => {
    const examples = grammar().commands.flatMap((command) => command.examples.map((example) => example.command))
    expect(misunderstood(examples.flatMap(lines))).toEqual([])
  })

  test('and one that is not is found', () => {
    expect(misunderstood([...inline('see `holdfast repo shwo`'), ...lines('holdfast version --jsno # x')])).toEqual([
      "holdfast repo shwo: unknown command 'shwo'",
      "holdfast version --jsno: unknown option '--jsno'",
    ])
  })
})

/** Command lines in backticks, such as `holdfast repo show`; with an ellipsis they are no whole ones. */
function inline(text: string): string[] {
  return [...text.matchAll(/\\?`(?:npx )?(holdfast [a-z-][^`\\…$]*)\\?`/g)].map((match) => match[1]!)
}

/** Command lines of a shell block, without what the shell takes for itself. */
function lines(block: string): string[] {
  return [...block.replaceAll(/\\\n/g, ' ').matchAll(/(?<![\w/.-])(holdfast [^\n|>)&;#]*)/g)].map((match) => match[1]!.trim())
}

function misunderstood(commandLines: readonly string[]): string[] {
  return commandLines.flatMap((line) => {
    try {
      readCommandLine(grammar(), line.split(/\s+/).slice(1), 100)
      return []
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      // In running text a command is often named without its arguments.
      return message.startsWith('missing required argument') ? [] : [`${line}: ${message}`]
    }
  })
}
