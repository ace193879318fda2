import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { freePort } from '../../src/neo4j/freePort.ts'
import { holdfast, startHoldfast } from '../support/holdfast.ts'

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

test('[s3.network] something else that answers at the endpoint is told from an S3 server', async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'someone', AWS_SECRET_ACCESS_KEY: 'not-a-secret' })
  await using site = createServer((_, response) => response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.'))
  await once(site.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const { exitCode, error, story } = await holdfast('repo', 'show', '--repo', 's3://bucket/x', '--endpoint', endpoint)
  expect(exitCode, story).toBe(5)
  expect(error).toMatchObject({
    message: expect.stringContaining('what answers there is no S3 server'),
    hint: expect.stringContaining('https://'),
  })
})
