import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { buildServices } from '../../../src/app.ts'
import { defineCommand, toggle, valued } from '../../../src/cli/command.ts'
import { runProgram } from '../../../src/cli/program.ts'
import { type ErrorCode, exitCodes, HoldfastError } from '../../../src/core/errors.ts'

const show = defineCommand({
  name: 'thing show',
  summary: 'show a thing',
  arguments: { id: valued(z.string(), { placeholder: 'id', required: true, description: 'its id' }) },
  options: {
    times: valued(z.coerce.number<string>('expected a number').int('expected a whole number'), {
      placeholder: 'n',
      default: 1,
      description: 'how often',
    }),
    loud: toggle('in capitals'),
  },
  settings: ['repo', 'password'],
  examples: [{ command: 'holdfast thing show 1', purpose: 'the first' }],
  fails: ['validation'],
  run: ({ arguments: { id }, options, settings }) => ({ id, ...options, repo: settings.values.repo, size: 2n ** 53n, count: 7n }),
  text: ({ id, times, loud }) => Array.from({ length: times }, () => (loud ? id.toUpperCase() : id)).join(' '),
  failure: ({ id }) => (id === 'bad' ? 'validation' : undefined),
})

const fail = defineCommand({
  name: 'thing fail',
  summary: 'fail in a chosen way',
  arguments: { how: valued(z.string(), { placeholder: 'how', required: true, description: 'a code, or unexpected' }) },
  examples: [],
  run: ({ arguments: { how }, services: { log } }) => {
    log.warn({ password: 'hunter2', database: 'neo4j' }, 'about to fail')
    if (how === 'unexpected') throw new TypeError('x is not a function')
    throw new HoldfastError(how as ErrorCode, 'the block is damaged', { hint: 'validate the others' })
  },
  text: () => '',
})

const leak = defineCommand({
  name: 'thing leak',
  summary: 'say what must not be said',
  examples: [],
  run: ({ services: { log } }) => {
    log.warn({ uri: 'bolt://neo4j:hunter2@host' }, 'at bolt://neo4j:hunter2@host')
    throw new HoldfastError('failed', 'at bolt://neo4j:hunter2@host', { hint: 'look at "bolt://neo4j:hunter2@host"' })
  },
  text: () => '',
})

const wait = defineCommand({
  name: 'wait',
  summary: 'work until stopped',
  examples: [],
  run: async ({ signal, progress }) => {
    progress({ phase: 'wait', done: 1, total: 2 })
    await delay(60_000, undefined, { signal })
  },
  text: () => 'done',
})

interface Run {
  status: number
  stdout: string
  stderr: string
}

async function run(words: string, { environment = {}, signal = new AbortController().signal, isTTY = false } = {}): Promise<Run> {
  let [stdout, stderr] = ['', '']
  const status = await runProgram(
    { commands: [show, fail, leak, wait], groups: { thing: 'show and fail things' }, version: '1.2.3' },
    {
      words: words.split(' ').filter(Boolean),
      environment,
      workingDirectory: '/',
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text), isTTY },
      signal,
    },
    buildServices,
  )
  return { status, stdout, stderr }
}

describe('a result', () => {
  test('is text on stdout', async () => {
    expect(await run('thing show abc --times 2 --loud')).toEqual({ status: 0, stdout: 'ABC ABC\n', stderr: '' })
  })

  test('is data with --json, wherever the flag stands', async () => {
    const expected = { id: 'abc', times: 1, loud: false, repo: '/backups', size: '9007199254740992', count: 7 }
    for (const words of ['thing show abc --repo /backups --json', '--json thing show --repo=/backups abc']) {
      const { status, stdout, stderr } = await run(words)
      expect([status, JSON.parse(stdout), stderr]).toEqual([0, expected, ''])
    }
  })

  test('that is a failure is printed and has the exit status of its kind', async () => {
    expect(await run('thing show bad')).toEqual({ status: exitCodes.validation, stdout: 'bad\n', stderr: '' })
  })
})

describe('[errors.clear] an error says what to do next and has the exit status of its kind', () => {
  test.each(Object.entries(exitCodes))('%s', async (code, status) => {
    const { stderr, ...rest } = await run(`thing fail ${code} --log-level error`)
    expect(rest).toEqual({ status, stdout: '' })
    expect(stderr).toBe('holdfast: the block is damaged\n  next: validate the others\n')
  })

  test('and is one JSON line on stderr with --json', async () => {
    const { status, stdout, stderr } = await run('thing fail integrity --json --log-level error')
    expect([status, stdout, JSON.parse(stderr)]).toEqual([
      4,
      '',
      { error: { code: 'integrity', message: 'the block is damaged', hint: 'validate the others' } },
    ])
  })

  test('an unexpected one is short; its stack is for --log-level debug', async () => {
    const short = await run('thing fail unexpected')
    expect(short).toMatchObject({ status: 1, stderr: expect.stringContaining('unexpected error: x is not a function') })
    expect(short.stderr).not.toContain('program.test.ts')
    for (const isTTY of [false, true]) {
      expect((await run('thing fail unexpected --log-level debug', { isTTY })).stderr).toMatch(/at .*program\.test\.ts/)
    }
  })
})

describe('wrong usage has status 2 and suggests the nearest', () => {
  test.each([
    ['thnig show', "unknown command 'thnig'", 'did you mean thing?'],
    ['thing shwo', "unknown command 'shwo'", 'did you mean show?'],
    ['thing', 'holdfast thing: which command?', 'holdfast help thing lists them'],
    ['thing --repo /x', 'holdfast thing: which command?', 'holdfast help thing lists them'],
    ['show a', "unknown command 'show'", 'did you mean thing show?'],
    ['fial', "unknown command 'fial'", 'did you mean thing fail?'],
    ['frobnicate', "unknown command 'frobnicate'", 'holdfast help'],
    ['thing show a --rep /x', "unknown option '--rep'", 'did you mean --repo?'],
    ['thing show a --data-dir /x', "unknown option '--data-dir'", 'holdfast help thing show'],
    ['thing show', "missing required argument 'id'", 'holdfast help thing show'],
    ['thing show a --repo', "option '--repo <dir>' argument missing", 'holdfast help thing show'],
    ['thing show a b', "too many arguments for 'show'. Expected 1 argument but got 2.", 'holdfast help thing show'],
    ['thing show a --times x', '--times: expected a number, found "x"', 'give it as --times <n>'],
    ['thing show a --password hunter2', "unknown option '--password'", 'holdfast help thing show'],
    ['thing show a --log-level loud', '--log-level: expected one of', 'give it as --log-level info'],
  ])('holdfast %s', async (words, message, hint) => {
    const { status, stdout, stderr } = await run(`${words} --json`)
    const { error } = JSON.parse(stderr)
    expect([status, stdout, error.code]).toEqual([2, '', 'usage'])
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })
})

describe('[secrets.hidden] what was planted is nowhere in what is said of a wrong command line', () => {
  test.each([
    ['thing show a --password=hunter2', '--password'],
    ['thing show a --passphrase=hunter2\nhunter2', '--passphrase'],
    ['thing show a -phunter2', "'-p'"],
    ['--passphrase=hunter2 thing show a', '--passphrase'],
    ['thing show a --uri=bolt://neo4j:hunter2@host', '--uri'],
    ['thing show a --repo s3://key:hunter2@bucket/dir', '--repo'],
    ['thing show a --times bolt://neo4j:hunter2@host', '[secret]@host'],
    ['thing show a bolt://neo4j:hunter2@host', 'too many arguments'],
    ['bolt://neo4j:hunter2@host', '[secret]@host'],
  ])('holdfast %s', async (words, named) => {
    for (const flags of ['', ' --json']) {
      const { status, stdout, stderr } = await run(words + flags)
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toContain(named)
      expect(stderr).not.toContain('hunter2')
    }
  })

  test('nor of the environment', async () => {
    for (const environment of [{ NEO4J_URI: 'bolt://neo4j:hun@ter2@host' }, { HOLDFAST_URI: 'neo4j:hunter2@host' }]) {
      const { status, stderr } = await run('thing show a', { environment })
      expect(status).toBe(2)
      expect(stderr).toContain('expected a URI without user and password')
      expect(stderr).not.toMatch(/hun|ter2/)
    }
  })

  test('nor of an error or in the log', async () => {
    for (const isTTY of [false, true]) {
      const { stderr } = await run('thing leak --log-level debug', { isTTY })
      expect(stderr.match(/bolt:\/\/\[secret\]@host/g)!.length).toBeGreaterThan(2)
      expect(stderr).not.toContain('hunter2')
    }
  })
})

describe('help', () => {
  test('without words and with --help lists the commands', async () => {
    for (const words of ['', '--help']) {
      expect(await run(words)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/thing +show and fail things\n +wait .*work until stopped/),
        stderr: '',
      })
    }
  })

  test('of a command has its options, settings, examples and exit codes', async () => {
    const { stdout } = await run('thing show --help')
    for (const part of [
      '<id>',
      '--loud',
      '(default: 1)',
      'HOLDFAST_REPO',
      'Global Options:',
      '  HOLDFAST_PASSWORD, NEO4J_PASSWORD: the',
      '# the first',
      '6  validation',
    ])
      expect(stdout).toContain(part)
    expect(stdout).not.toMatch(/^ +--password /m)
  })

  test('--version prints it', async () => {
    expect(await run('--version')).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' })
  })
})

describe('stderr', () => {
  test('[secrets.hidden] has the log as JSON lines without secrets', async () => {
    const { stderr } = await run('thing fail refused')
    const [line] = stderr.split('\n')
    expect(JSON.parse(line!)).toMatchObject({ level: 'warn', database: 'neo4j', msg: 'about to fail', password: '[secret]' })
    expect(stderr).not.toContain('hunter2')
  })

  test('has a readable log on a terminal', async () => {
    expect((await run('thing fail refused', { isTTY: true })).stderr).toMatch(
      /\d\d:\d\d:\d\d warn about to fail password=\[secret\] database=neo4j\n/,
    )
  })

  test.each([
    ['', 'wait  50 %  1 B of 2 B\n'],
    ['--quiet', ''],
    ['--json', ''],
  ])('has progress unless told: wait %s', async (flags, shown) => {
    const controller = new AbortController()
    const running = run(`wait ${flags}`, { signal: controller.signal })
    controller.abort(new HoldfastError('interrupted', 'interrupted by SIGINT'))
    const { status, stderr } = await running
    expect(status).toBe(130)
    expect(stderr.startsWith(shown)).toBe(true)
    expect(stderr.slice(shown.length)).toContain('interrupted by SIGINT')
  })
})
