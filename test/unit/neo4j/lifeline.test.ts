import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const lifeline = new URL('../../../src/neo4j/lifeline.ts', import.meta.url).href

/**
 * Runs a process that starts a tied `sleep`, and then does something. The sleep and its watcher hold this pipe open:
 * it ends when the last of them is gone.
 */
function parentThat(does: string): { pipe: Promise<string>; kill: () => boolean; begun: Promise<unknown> } {
  const script = `
    const { spawnTied } = await import('${lifeline}')
    const tied = spawnTied({ command: '/bin/sleep', arguments: ['600'], environment: {}, directory: '/', output: 1 })
    tied.process.once('spawn', () => { process.stderr.write('spawned'); ${does} })
    tied.process.once('exit', tied.release)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  return { pipe: text(parent.stdout), kill: () => parent.kill('SIGKILL'), begun: once(parent.stderr, 'data') }
}

test('a tied process dies when its parent is killed', async () => {
  const parent = parentThat('')
  await parent.begun
  parent.kill()
  expect(await parent.pipe).toBe('')
})

test('a tied process dies when its parent ends in good order', async () => {
  expect(await parentThat('process.exit(0)').pipe).toBe('')
})

test('when the tied process has ended, so does its watcher, and the parent can end by itself', async () => {
  expect(await parentThat(`tied.process.kill('SIGTERM')`).pipe).toBe('')
})
