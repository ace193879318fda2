import { expect, test } from 'vitest'
import { freePort } from '../../src/neo4j/freePort.ts'
import { startHoldfast } from '../support/holdfast.ts'

test('[s3.network] a server that does not answer is told of within seconds, and whoever interrupts it does not wait', async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  const endpoint = `http://127.0.0.1:${await freePort()}`
  for (const words of [
    ['backup', 'list'],
    ['repo', 'show'],
  ]) {
    const begun = performance.now()
    const run = startHoldfast([...words, '--repo', 's3://bucket/x', '--endpoint', endpoint])
    await run.said(/gives trouble/)
    process.kill(run.pid, 'SIGINT')
    const { exitCode, warnings, story } = await run.outcome
    expect(exitCode, story).toBe(130)
    expect(warnings.join(' '), story).toMatch(/gives trouble.*nobody answers/)
    expect(performance.now() - begun).toBeLessThan(15_000)
  }
})
