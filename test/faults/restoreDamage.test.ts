import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  expectDamageNamed,
  expectNotOpened,
  makeOriginal,
  objectRows,
  openingRows,
  type Original,
} from '../support/damagedRepository.ts'

let shared: string
let original: Original

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-damage-'))
  original = await makeOriginal(shared, (folder) => join(folder, 'repo'))
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

describe.each(objectRows)('[damage.detected] $object $damage (encrypted: $encrypted)', (row) => {
  test('is named by validation and by a restore; other backups and the next one are good', async () =>
    expectDamageNamed(original, row))
})

describe('[damage.detected] what opens a repository', () => {
  test.each(openingRows)('$name $damage (encrypted: $encrypted) stops every command before it does anything', async (row) =>
    expectNotOpened(original, row),
  )
})
