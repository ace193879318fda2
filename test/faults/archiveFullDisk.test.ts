import { execa } from 'execa'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onSmallDisk } from '../support/faultsProcess.ts'
import { withFolder } from '../support/neo4j.ts'

const program = join(import.meta.dirname, '../support/fullArchiveDisk.ts')

test('[damage.full-disk] an archiver whose disk is full says so, leaves no half segment, and goes on when there is room', async () =>
  withFolder('archive-full', async (folder) => {
    const [data, repo] = [join(folder, 'data'), join(folder, 'repo')]
    const [command, ...words] = onSmallDisk(repo, '8m')
    const { stdout } = await execa(command!, [...words, process.execPath, program, data, repo])
    expect(JSON.parse(stdout)).toEqual({
      during: ['2-2'],
      message: expect.stringMatching(/cannot write archive\/.*no space left on device \(ENOSPC\)/) as string,
      hint: expect.stringContaining('free space there') as string,
      after: ['2-2', '3-3'],
    })
  }))
