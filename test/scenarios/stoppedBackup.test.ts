import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { RestoreReport } from '../../src/recovery/restore.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, listing, makeData } from '../support/faultsData.ts'
import { holdfast, refusal, startHoldfast, succeed } from '../support/holdfast.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

describe('a data directory that nobody uses', () => {
  let folder: string
  let dataDir: string
  let ended: () => void
  let closing: Promise<unknown>

  beforeAll(async () => {
    const ready = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    ended = done.resolve
    closing = withFolder('stopped-backup', async (made) => {
      folder = made
      dataDir = await makeData(made, { ending: 'killed' })
      ready.resolve()
      await done.promise
    }).catch((error: unknown) => ready.reject(error))
    await ready.promise
  })
  afterAll(async () => {
    ended()
    await closing
  })

  const repository = async (name: string): Promise<string> => {
    const repo = join(folder, name)
    await succeed('repo', 'init', '--repo', repo)
    return repo
  }
  const backUp = async (repo: string, ...more: string[]): Promise<Manifest> =>
    succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, ...more)

  test('[backup.read-only] [backup.offline] is left as it was, to the last time stamp', async () => {
    const before = await listing(dataDir)
    const manifest = await backUp(await repository('read-only'))
    expect(await listing(dataDir)).toEqual(before)
    expect(manifest.offline).toBe(true)
  })

  test('[backup.incremental] [backup.delete] what is unchanged is not stored again, and deleting the first backup keeps what the second needs', async () => {
    const repo = await repository('incremental')
    const first = await backUp(repo)
    const second = await backUp(repo, '--label', 'the second')
    expect(second.totals.newBlocks).toBe(0)

    const deletion = ['backup', 'delete', first.id, '--repo', repo]
    expect(await succeed(...deletion)).toMatchObject({ deleted: false })
    expect(await succeed('backup', 'list', '--repo', repo)).toMatchObject({ backups: [{ id: first.id }, { id: second.id }] })
    expect(await succeed(...deletion, '--confirm')).toMatchObject({ deleted: true, plan: { packsFreed: 0 } })

    const target = join(folder, 'from-second')
    await succeed('restore', 'start', '--skip-checks', '--repo', repo, '--to-dir', target)
    await expectSameFiles(dataDir, target, second)

    expect(await succeed('backup', 'delete', second.id, '--repo', repo, '--confirm')).toMatchObject({
      deleted: true,
      plan: { packsKept: 0 },
    })
    expect(await readdir(join(repo, 'packs'), { recursive: true }).catch(() => [])).not.toContainEqual(
      expect.stringMatching(/\.pack$/),
    )
  })

  test('[backup.validate] every block and every transaction is read back, or a sample of the blocks', async () => {
    const repo = await repository('validate')
    const { id, totals } = await backUp(repo)
    const whole = await succeed<ValidationReport>('backup', 'validate', '--repo', repo)
    expect(whole).toMatchObject({ verdict: 'good', backups: [{ id, verdict: 'good', problems: [] }] })
    expect(whole.blocks).toBe(totals.newBlocks)
    expect(whole.backups[0]!.transactions).toBeGreaterThan(5)
    const sample = await succeed<ValidationReport>('backup', 'validate', 'latest', '--sample', '20%', '--repo', repo)
    expect(sample.blocks).toBeLessThan(whole.blocks)
    expect(sample.backups[0]!.transactions).toBe(whole.backups[0]!.transactions)
  })

  test('[restore.refused] into a directory that is not empty, and says so before anything is written', async () => {
    const repo = await repository('refused')
    await backUp(repo)
    const before = await listing(dataDir)
    expect(await holdfast('restore', 'start', '--repo', repo, '--to-dir', dataDir)).toMatchObject(refusal('refused', /not empty/))
    expect(await listing(dataDir)).toEqual(before)
  })

  test('[restore.resume] what was killed at any moment ends as if it had never stopped', async () => {
    const repo = await repository('resume')
    const manifest = await backUp(repo)
    const target = join(folder, 'resumed')
    const words = ['restore', 'start', '--skip-checks', '--repo', repo, '--to-dir', target]
    for (let round = 0; round < 6; round++) {
      const run = startHoldfast([...words, '--resume'])
      const timer = setTimeout(run.kill, 300 + Math.random() * 900)
      const { exitCode } = await run.outcome
      clearTimeout(timer)
      if (exitCode === 0) break
    }
    const last = await holdfast<RestoreReport>(...words, '--resume')
    expect([0, 7]).toContain(last.exitCode)
    await expectSameFiles(dataDir, target, manifest)
  })

  test('[backup.offline] is refused while its server runs', async () => {
    await withFolder('offline-running', async (own) => {
      await using server = await startIn(own, '5.26.30')
      const repo = await repository('offline')
      const outcome = await holdfast('backup', 'create', '--offline', '--data-dir', server.dataDir, '--repo', repo)
      expect(outcome).toMatchObject(refusal('refused', /running Neo4j/))
    })
  })

  test('[repository.write-once] a second backup and a validation change no object that is there', async () => {
    const repo = await repository('write-once')
    await backUp(repo)
    const objects = async (): Promise<Record<string, string>> => {
      const names = (await readdir(repo, { recursive: true, withFileTypes: true })).filter(
        (entry) => entry.isFile() && !entry.parentPath.includes('leases'),
      )
      const contents = names.map(
        async (entry) =>
          [join(entry.parentPath, entry.name), (await readFile(join(entry.parentPath, entry.name))).toString('base64')] as const,
      )
      return Object.fromEntries(await Promise.all(contents))
    }
    const before = await objects()
    await backUp(repo)
    await succeed('backup', 'validate', '--repo', repo)
    expect(await objects()).toMatchObject(before)
  })
})
