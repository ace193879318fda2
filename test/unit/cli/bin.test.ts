import { execa } from 'execa'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const project = join(import.meta.dirname, '../../..')
/** Makes the Node that starts the program look old; the one that it starts is as it is. */
const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`
/** Stands in for the program: says what runs it, and ends as it is told. */
const program = `
  process.on('SIGTERM', () => { console.log('stopped'); process.exit(130) })
  console.log(JSON.stringify([process.versions.node, ...process.argv.slice(2)]))
  if (process.argv[2] === 'wait') setInterval(() => {}, 1000)
  if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL')
  if (process.argv[2] === 'end') process.exitCode = 7
`

let folder: string
let link: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-bin-'))
  link = join(folder, 'holdfast')
  cpSync(join(project, 'bin'), join(folder, 'project/bin'), { recursive: true })
  writeFileSync(join(folder, 'project/package.json'), '{"type":"module"}')
  mkdirSync(join(folder, 'project/dist'))
  writeFileSync(join(folder, 'project/dist/main.js'), program)
  mkdirSync(join(folder, 'project/node_modules'))
  symlinkSync(join(project, 'node_modules/node'), join(folder, 'project/node_modules/node'))
  symlinkSync(join(folder, 'project/bin/holdfast.js'), link)
})
afterEach(() => rmSync(folder, { recursive: true }))

const start = (...words: string[]) =>
  execa(process.execPath, ['--import', old, link, ...words], { reject: false, cwd: '/', stdin: 'ignore' })

test('an old Node runs the program again with the Node of the project, through a link and from anywhere', async () => {
  const { exitCode, stdout, stderr } = await start('end', 'a b')
  expect([exitCode, stderr]).toEqual([7, ''])
  expect(JSON.parse(stdout)).toEqual([process.versions.node, 'end', 'a b'])
})

test('and passes signals on, both ways', async () => {
  const waiting = start('wait')
  waiting.stdout.once('data', () => waiting.kill('SIGTERM'))
  expect(await waiting).toMatchObject({ exitCode: 130, stdout: expect.stringContaining('stopped') })
  expect(await start('die')).toMatchObject({ signal: 'SIGKILL' })
})

test('and ends with the process that was started, however that ends', async () => {
  const waiting = start('wait')
  waiting.stdout.once('data', () => waiting.kill('SIGKILL'))
  // What both write to is closed once both are gone.
  expect(await waiting).toMatchObject({ signal: 'SIGKILL' })
})

test('without the Node of the project it says where to get one', async () => {
  rmSync(join(folder, 'project/node_modules/node'))
  const { exitCode, stdout, stderr } = await start()
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain('needs Node 24 or newer, found 20.1.0')
  expect(stderr).toContain("next: run 'npm ci' in its folder")
})

test('a new Node runs it at once', async () => {
  const { exitCode, stdout } = await execa(process.execPath, [link, 'end'], { reject: false })
  expect([exitCode, JSON.parse(stdout)]).toEqual([7, [process.versions.node, 'end']])
})
