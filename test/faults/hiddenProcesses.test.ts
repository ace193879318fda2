import { once } from 'node:events'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { isDead, ownIdentity, type ProcessIdentity } from '../../src/core/processIdentity.ts'
import { withHiddenProcesses } from '../support/faultsProcess.ts'

const module = JSON.stringify(new URL('../../src/core/processIdentity.ts', import.meta.url).href)

/** Whether a process that cannot see those of others takes one for dead. */
async function isTakenForDead(other: ProcessIdentity): Promise<boolean> {
  const script = `
    const { isDead, ownIdentity } = await import(${module})
    console.log(await isDead(${JSON.stringify(other)}, await ownIdentity()))`
  const [unshare, ...words] = withHiddenProcesses()
  const { stdout } = await execa(unshare!, [...words, process.execPath, '--input-type=module', '--eval', script])
  return JSON.parse(stdout) as boolean
}

test('[lease.exclusive] a living process that /proc hides is not taken for dead, and one that has ended is', async () => {
  const own = await ownIdentity()
  const script = `
    const { ownIdentity } = await import(${module})
    console.log(JSON.stringify(await ownIdentity()))
    process.stdin.resume()`
  const living = execa(process.execPath, ['--input-type=module', '--eval', script], { reject: false, buffer: false })
  const [line] = (await once(living.stdout, 'data')) as [Buffer]
  const identity = JSON.parse(line.toString()) as ProcessIdentity
  expect([await isDead(identity, own), await isTakenForDead(identity)]).toEqual([false, false])
  living.kill('SIGKILL')
  await living
  expect([await isDead(identity, own), await isTakenForDead(identity)]).toEqual([true, true])
})
