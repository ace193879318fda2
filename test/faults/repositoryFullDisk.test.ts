import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const program = join(import.meta.dirname, '../support/fullDisk.ts')

test('[damage.full-disk] a full disk is an error that says so, leaves nothing and harms no backup', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-full-'))
  try {
    // The small file system exists in the namespace of the child only and vanishes with it.
    const script = 'mount -t tmpfs -o size=8m tmpfs "$1" && exec "$2" "$3" "$1"'
    const { stdout } = await execa('unshare', [
      '--mount',
      '--map-root-user',
      'sh',
      '-c',
      script,
      'sh',
      directory,
      process.execPath,
      program,
    ])
    expect(JSON.parse(stdout)).toEqual({
      code: 'repository',
      message: expect.stringMatching(
        new RegExp(`^cannot write packs/.*\\.pack in ${directory}: no space left on device \\(ENOSPC\\)$`),
      ) as string,
      hint: expect.stringContaining('free space there') as string,
      left: [],
      whole: true,
      next: true,
    })
  } finally {
    await rm(directory, { recursive: true })
  }
})
