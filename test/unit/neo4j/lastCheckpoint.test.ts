import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readLastCheckpoint } from '../../../src/neo4j/lastCheckpoint.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-checkpoint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a checkpoint file that is far too large is refused before it is searched', async () => {
  writeFileSync(join(folder, 'checkpoint.0'), '')
  truncateSync(join(folder, 'checkpoint.0'), (8 << 20) + 1)
  await expect(readLastCheckpoint(folder)).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringContaining('is 8388609 bytes, expected about 1 MiB'),
  })
})
