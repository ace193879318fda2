import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { crashBackup, crashDelete, type Places } from '../support/crashEverywhere.ts'

let base: string

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'holdfast-crash-'))
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'pass') await rm(base, { recursive: true })
})

const places: Places = {
  place: (name) => join(base, name),
  copy: async (from, to) => cp(from, to, { recursive: true }),
}

test('[crash.no-half-backup] a backup killed at any point of its writing is there whole or not at all, and the next run works', async () =>
  crashBackup(places))

test('[crash.safe-delete] a delete killed at any point leaves every kept backup whole, and the next one finishes its work', async () =>
  crashDelete(places))
