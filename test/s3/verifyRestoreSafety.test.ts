import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { VerifyReport } from '../../src/artifact/verifyRestore.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { bucketWords } from '../support/bucketWords.ts'
import { atEntry } from '../support/faultsMoment.ts'
import { FaultProxy } from '../support/faultProxy.ts'
import { holdfast, type Outcome, refusal, resultOf, startHoldfast } from '../support/holdfast.ts'
import { uploading } from '../support/uploading.ts'

// What is uploaded here is no dump: nothing of it is loaded.
const at = uploading({ tls: false, versioned: false })
let workDir: string

beforeEach(() => {
  workDir = join(at.folder, 'work')
  mkdirSync(workDir, { recursive: true })
})

async function verify(...words: string[]): Promise<Outcome<VerifyReport>> {
  const outcome = await holdfast<VerifyReport>('s3', 'verify-restore', '--work-dir', workDir, ...words)
  expect(readdirSync(workDir), outcome.story).toEqual([])
  return outcome
}

async function verifyThrough(proxy: FaultProxy, key: string, ...words: string[]): Promise<Outcome<VerifyReport>> {
  return verify('--bucket', at.bucket, '--key', key, '--endpoint', proxy.endpoint, '--region', 'us-east-1', ...words)
}

test('[artifact.verify] the prefix of uploads may be left out of the key, and with the checksum alone nothing is called good', async () => {
  const { key, uri } = resultOf(await at.upload('--prefix', 'team/exports'))
  for (const given of [key, basename(key)]) {
    const words = ['--key', given, '--prefix', 'team/exports', '--skip-load']
    expect(resultOf(await verify(...bucketWords(at.minio, at.bucket), ...words))).toMatchObject({
      verdict: 'checksum-only',
      source: uri,
      loaded: false,
      checks: [],
    })
  }
})

test('[artifact.verify] an object that is missing is told from a bucket that is', async () => {
  const words = ['--key', 'lost.dump']
  expect(await verify(...bucketWords(at.minio, at.bucket), ...words)).toMatchObject(refusal('repository', /there is no object/))
  expect(await verify(...bucketWords(at.minio, randomUUID()), ...words)).toMatchObject(refusal('repository', /no such bucket/))
})

test('[artifact.verify] an object in an archive such as Glacier is told of, with what to do', async () => {
  const { key } = resultOf(await at.upload())
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  proxy.fault = ({ method }) => (method === 'GET' ? { status: 403, code: 'InvalidObjectState' } : undefined)
  const outcome = await verifyThrough(proxy, key, '--skip-load')
  expect(outcome).toMatchObject(refusal('repository', /lies in an archive/))
  expect(outcome.error?.hint).toContain('restore-object')
})

test('[artifact.verify] what will be missing is said before anything is downloaded', async () => {
  const { key } = resultOf(await at.upload())
  await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
  expect(await verifyThrough(proxy, key, '--neo4j-home', at.folder)).toMatchObject({ exitCode: exitCodes['neo4j-unavailable'] })
  expect(await verifyThrough(proxy, key, '--neo4j-version', '9.9.9')).toMatchObject({ exitCode: exitCodes.refused })
  expect(proxy.seen.filter(({ method, url }) => method === 'GET' && !url.includes('.meta.json'))).toEqual([])
})

test('[artifact.verify] a local file that changes behind its checksum is no proof of anything', async () => {
  const log = join(at.folder, 'steps.jsonl')
  writeFileSync(log, '')
  using _ = atEntry(at.folder, basename(log), () => {
    if (readFileSync(log, 'utf8').includes('"step":"checksum"')) writeFileSync(at.file, 'more', { flag: 'a' })
  })
  const words = ['s3', 'verify-restore', '--work-dir', workDir, '--file', at.file, '--log-file', log]
  const outcome = await startHoldfast(words).outcome
  expect(outcome, outcome.story).toMatchObject(refusal('integrity', /changed while it was read/))
  expect(readdirSync(workDir)).toEqual([])
})
