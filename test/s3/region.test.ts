import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectS3 } from '../../src/storage/s3/client.ts'
import { startHoldfast } from '../support/holdfast.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'

const region = 'eu-west-3'
const names = ['AWS_CONFIG_FILE', 'AWS_REGION', 'HOLDFAST_REGION'] as const

let folder: string
let minio: S3Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-region-'))
  // It refuses what is signed for another region.
  minio = await startMinio(folder, { environment: { MINIO_SITE_REGION: region } })
  minio.use()
  const { client } = connectS3({ ...minio.options, region })
  await client.send(new CreateBucketCommand({ Bucket: 'elsewhere' }))
  client.destroy()
})
afterEach(() => {
  for (const name of names) delete process.env[name]
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const doctor = async (...words: string[]) => startHoldfast(['doctor', '--repo', 's3://elsewhere/p', ...words]).outcome

async function configured(text: string): Promise<string> {
  const file = join(folder, `config-${text.length}`)
  await writeFile(file, `[default]\n${text}\n`)
  return file
}

test('with an endpoint, the region of the AWS profile counts where no flag and no variable gives one', async () => {
  process.env['AWS_CONFIG_FILE'] = await configured(`region = ${region}`)
  process.env['HOLDFAST_REGION'] = ''
  expect(await doctor()).toMatchObject({ exitCode: 0 })
  process.env['AWS_REGION'] = 'us-east-1'
  expect(await doctor()).toMatchObject({ exitCode: 5 })
  expect(await doctor('--region', region)).toMatchObject({ exitCode: 0 })
})

test('with an endpoint and no region anywhere it is us-east-1', async () => {
  process.env['AWS_CONFIG_FILE'] = await configured('output = json')
  process.env['HOLDFAST_REGION'] = ''
  const { exitCode, error } = await doctor()
  expect(exitCode).toBe(5)
  expect(`${error?.message} ${error?.hint}`).toMatch(/region/)
})
