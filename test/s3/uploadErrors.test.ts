import { linkSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withEnvironment } from '../support/awsRoles.ts'
import { bucketWords } from '../support/bucketWords.ts'
import { FaultProxy } from '../support/faultProxy.ts'
import { holdfast, refusal } from '../support/holdfast.ts'
import { small, uploading } from '../support/uploading.ts'

// Without TLS, so that a proxy can stand in front of it.
const at = uploading({ tls: false, versioned: false })

test('the log of the steps is not written into the file that it is about', async () => {
  const same = refusal('usage', /--log-file and --file are the same file/)
  const link = join(at.folder, 'log')
  linkSync(at.file, link)
  for (const log of [at.file, link]) {
    expect(await at.upload('--log-file', log)).toMatchObject(same)
    expect(await holdfast('s3', 'verify-restore', '--file', at.file, '--skip-load', '--log-file', log)).toMatchObject(same)
  }
  expect(readFileSync(at.file).equals(small)).toBe(true)
})

describe('[errors.clear] an answer to HEAD has no words, but', () => {
  const verify = async (...words: string[]) => holdfast('s3', 'verify-restore', ...words, '--key', 'x.dump', '--skip-load')

  test('credentials that have expired are told as that', async () => {
    await using proxy = await FaultProxy.start(at.minio.options.endpoint!)
    // As AWS answers.
    proxy.fault = ({ method }) => (method === 'HEAD' ? { status: 400, page: '' } : { status: 400, code: 'ExpiredToken' })
    const words = ['--bucket', at.bucket, '--endpoint', proxy.endpoint, '--region', 'us-east-1']
    const expired = refusal('repository', /credentials have expired/)
    expect(await at.uploadTo(...words)).toMatchObject(expired)
    expect(await verify(...words)).toMatchObject(expired)
  })

  test('so is a wrong secret key', async () => {
    const wrong = refusal('repository', /secret key does not fit/)
    await withEnvironment({ AWS_SECRET_ACCESS_KEY: 'another' }, async () => {
      expect(await at.upload()).toMatchObject(wrong)
      expect(await verify(...bucketWords(at.minio, at.bucket))).toMatchObject(wrong)
    })
  })
})
