import { expect, test } from 'vitest'
import { mayBeKey } from '../../../src/storage/s3/kmsKey.ts'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const arn = (rest: string, place = 'eu-central-1:111122223333') => `arn:aws:kms:${place}:${rest}`

test.each<[string, string]>([
  [id, arn(`key/${id}`)],
  [arn(`key/${id}`), arn(`key/${id}`)],
  [arn(`key/${id}`), id],
  ['a-key', 'a-key'],
  ['a-key', 'arn:aws:kms:a-key'],
  ['arn:aws:kms:a-key', 'a-key'],
  ['alias/backups', arn(`key/${id}`)],
  [arn('alias/backups'), arn(`key/${id}`)],
])('%s is answered with %s', (asked, told) => expect(mayBeKey(asked, told)).toBe(true))

test.each<[string, string]>([
  [id, arn(`key/9${id}`)],
  [id, arn(`key/${id}9`)],
  [arn(`key/${id}`), arn(`key/${id}`, 'eu-west-1:111122223333')],
  [arn(`key/${id}`), arn(`key/${id}`, 'eu-central-1:999922223333')],
  [arn('alias/backups'), arn(`key/${id}`, 'eu-central-1:999922223333')],
  ['a-key', 'arn:aws:kms:another-key'],
  ['key', 'a-key'],
])('%s is not answered with %s', (asked, told) => expect(mayBeKey(asked, told)).toBe(false))
