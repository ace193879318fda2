import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { Transaction } from '../../src/txlog/transaction.ts'
import { expectSameFiles, makeData } from '../support/faultsData.ts'
import { holdfast, refusal, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'
import { scanLog } from '../support/scanLog.ts'

let shared: string
let original: string

/** The file of the log that is damaged: not the newest, and far behind the checkpoint. */
const middle = 'transactions/neo4j/neostore.transaction.db.1'

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-log-damage-'))
  original = await makeData(shared, { ending: 'killed' })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

interface Ground {
  dataDir: string
  repo: string
  change: (path: string, edit: (bytes: Buffer) => Buffer | void) => Promise<void>
}

/** Damages a copy of the data directory, of which a backup was made while it was whole. */
async function withCopy(run: (ground: Ground) => Promise<void>): Promise<void> {
  await withFolder('log-damage', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo)
    const earlier = await succeed<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    await run({
      dataDir,
      repo,
      change: async (path, edit) => {
        const bytes = await readFile(join(dataDir, path))
        await writeFile(join(dataDir, path), edit(bytes) ?? bytes)
      },
    })
    const kept = await succeed<{ verdict: string; backups: { id: string }[] }>('backup', 'validate', earlier.id, '--repo', repo)
    expect(kept).toMatchObject({ verdict: 'good', backups: [{ id: earlier.id }] })
  })
}

/** Backs up the damaged directory, after which only a whole backup may be there. */
async function create({ dataDir, repo }: Ground) {
  const outcome = await holdfast<Manifest>('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
  const { backups } = await succeed<{ backups: unknown[] }>('backup', 'list', '--repo', repo)
  expect(backups.length, outcome.story).toBe(outcome.exitCode === 0 ? 2 : 1)
  return outcome
}

function transactionsOf(bytes: Buffer): Transaction[] {
  return scanLog(bytes).transactions
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

describe('[damage.detected] a byte changed in the middle of the log', () => {
  const places: [string, (transaction: Transaction) => number][] = [
    ['in a START entry', ({ offset }) => offset + 12],
    ['in a command', ({ offset, end }) => Math.floor((offset + end) / 2)],
    ['in a COMMIT entry', ({ end }) => end - 15],
    ['in a checksum', ({ end }) => end - 1],
  ]
  test.each(places)('%s is an error that names file and offset', async (_, place) => {
    await withCopy(async (ground) => {
      const transactions = transactionsOf(await readFile(join(ground.dataDir, middle)))
      const damaged = transactions[Math.floor(transactions.length / 2)]!
      await ground.change(middle, (bytes) => void (bytes[place(damaged)]! ^= 0x10))
      const path = escaped(join(ground.dataDir, middle))
      expect(await create(ground)).toMatchObject(
        refusal('integrity', new RegExp(`^${path}: damaged at offset ${damaged.offset}: expected .+, found `)),
      )
    })
  })

  test('in the log of the system database too', async () => {
    await withCopy(async (ground) => {
      const log = 'transactions/system/neostore.transaction.db.0'
      const damaged = transactionsOf(await readFile(join(ground.dataDir, log)))[5]!
      await ground.change(log, (bytes) => void (bytes[damaged.end - 30]! ^= 1))
      expect(await create(ground)).toMatchObject(
        refusal('integrity', new RegExp(`system/neostore.transaction.db.0: damaged at offset ${damaged.offset}`)),
      )
    })
  })

  test('is not taken for a torn end where a rotated file was cut', async () => {
    await withCopy(async (ground) => {
      const last = transactionsOf(await readFile(join(ground.dataDir, middle))).at(-1)!
      await truncate(join(ground.dataDir, middle), last.end - 1)
      expect(await create(ground)).toMatchObject(refusal('integrity', new RegExp(`db\\.1: damaged at offset ${last.offset}`)))
    })
  })
})

describe('[damage.detected] a log that is not one', () => {
  test('the log of another store is refused', async () => {
    await withCopy(async (ground) => {
      const log = (database: string) => join(ground.dataDir, `transactions/${database}/neostore.transaction.db.0`)
      await cp(log('system'), log('neo4j'))
      expect(await create(ground)).toMatchObject(
        refusal(
          'integrity',
          /neo4j\/neostore.transaction.db.0: expected the log of record-aligned.*, found that of record-aligned/,
        ),
      )
    })
  })

  test('files that changed places are refused', async () => {
    await withCopy(async (ground) => {
      const log = (version: number) => join(ground.dataDir, `transactions/neo4j/neostore.transaction.db.${version}`)
      await rename(log(1), log(9))
      await rename(log(2), log(1))
      await rename(log(9), log(2))
      expect(await create(ground)).toMatchObject(
        refusal(
          'integrity',
          /neostore.transaction.db.1 does not continue the log file before it: expected log version 1, found log version 2/,
        ),
      )
    })
  })

  test('a file that is missing in the middle is refused', async () => {
    await withCopy(async (ground) => {
      await rm(join(ground.dataDir, middle))
      expect(await create(ground)).toMatchObject(
        refusal('neo4j-unavailable', /transaction log file 1 in .*transactions\/neo4j was pruned/),
      )
    })
  })

  test('a checkpoint log that is missing or damaged is refused', async () => {
    await withCopy(async (ground) => {
      const checkpoints = 'transactions/neo4j/checkpoint.0'
      await ground.change(checkpoints, (bytes) => void (bytes[200]! ^= 1))
      expect(await create(ground)).toMatchObject(
        refusal('integrity', /checkpoint\.0.* at offset 128: expected checksum \d+ of the checkpoint record, found/),
      )
      await rm(join(ground.dataDir, checkpoints))
      expect(await create(ground)).toMatchObject(refusal('neo4j-unavailable', /no checkpoint in .*transactions\/neo4j/))
    })
  })
})

describe('[log.unknown-version] what a later Neo4j wrote is refused, not tried', () => {
  test.each([
    [
      'a transaction',
      'neostore.transaction.db.1',
      (bytes: Buffer) => transactionsOf(bytes).at(-1)!.offset,
      /unknown kernel version 99/,
    ],
    ['a checkpoint', 'checkpoint.0', () => 128, /unknown kernel version 99/],
    ['a log file', 'neostore.transaction.db.0', () => 0, /unsupported log format 99/],
  ])('%s', async (_, name, offset, message) => {
    await withCopy(async (ground) => {
      await ground.change(`transactions/neo4j/${name}`, (bytes) => void (bytes[offset(bytes)] = 99))
      expect(await create(ground)).toMatchObject(refusal('failed', message))
    })
  })
})

describe('[log.boundary] a log that a crash has torn is backed up to its last whole transaction', () => {
  const tears: [string, (bytes: Buffer, last: Transaction) => Buffer][] = [
    ['within the last one', (bytes, { end }) => bytes.subarray(0, end - 5)],
    ['just behind its START entry', (bytes, { offset }) => bytes.subarray(0, offset + 34)],
    ['with zeros behind', (bytes, { end }) => Buffer.concat([bytes.subarray(0, end - 5), Buffer.alloc(70_000)])],
  ]
  test.each(tears)('torn %s', async (_, tear) => {
    await withCopy(async (ground) => {
      const newest = 'transactions/neo4j/neostore.transaction.db.2'
      const [before, last] = transactionsOf(await readFile(join(ground.dataDir, newest))).slice(-2)
      await ground.change(newest, (bytes) => tear(bytes, last!))
      const { exitCode, result, story } = await create(ground)
      expect(exitCode, story).toBe(0)
      expect(result.databases.find(({ name }) => name === 'neo4j')?.lastTransaction).toMatchObject({
        id: before!.id,
        checksum: before!.checksum,
      })
      const restored = join(ground.repo, '..', 'restored')
      await succeed('restore', 'start', '--id', result.id, '--skip-checks', '--to-dir', restored, '--repo', ground.repo)
      await expectSameFiles(ground.dataDir, restored, result)
      expect((await readFile(join(restored, newest))).length).toBe(before!.end)
    })
  })
})
