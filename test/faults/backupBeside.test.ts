import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ValidationReport } from '../../src/backup/validateBackups.ts'
import type { Manifest } from '../../src/repository/manifest.ts'
import { expectSameFiles, files, makeData } from '../support/faultsData.ts'
import { atEntry } from '../support/faultsMoment.ts'
import { onSmallDisk } from '../support/faultsProcess.ts'
import { holdfast, refusal, resultOf, type Run, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

let shared: string
let original: string

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'holdfast-beside-'))
  original = await makeData(shared, { ending: 'killed', entities: 300 })
})
afterAll(async () => rm(shared, { recursive: true, force: true }))

interface Ground {
  folder: string
  dataDir: string
  repo: string
  /** A backup of what the data directory held before it changed. */
  earlier: Manifest
}

const strings = 'databases/neo4j/neostore.propertystore.db.strings'

async function withEarlier(run: (ground: Ground) => Promise<void>): Promise<void> {
  await withFolder('beside', async (folder) => {
    const [dataDir, repo] = [join(folder, 'data'), join(folder, 'repo')]
    await cp(original, dataDir, { recursive: true, preserveTimestamps: true })
    await succeed('repo', 'init', '--repo', repo)
    const earlier = await succeed<Manifest>(...create({ dataDir, repo }))
    await writeFile(join(dataDir, strings), randomBytes(600_000))
    await run({ folder, dataDir, repo, earlier })
  })
}

function create({ dataDir, repo }: Pick<Ground, 'dataDir' | 'repo'>): string[] {
  return ['backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo]
}

/** Starts a backup that takes some seconds, and waits until it holds the repository. */
async function startSlowly(ground: Ground): Promise<Run> {
  const run = startHoldfast([...create(ground), '--max-rate', '800kB'])
  using held = atEntry(join(ground.repo, 'leases', 'packs'), /./)
  await held.reached
  return run
}

async function expectRestored({ folder, dataDir, repo }: Ground, manifest: Manifest): Promise<void> {
  const target = join(folder, `restored-${manifest.id}`)
  await succeed('restore', 'start', '--skip-checks', '--id', manifest.id, '--to-dir', target, '--repo', repo)
  await expectSameFiles(dataDir, target, manifest)
}

describe('[lease.exclusive] beside a running backup', () => {
  test('another one is refused with the name of its holder, and waits where it is told to', async () =>
    withEarlier(async (ground) => {
      const first = await startSlowly(ground)
      const holder = `'backup create' (process ${first.pid} on ${hostname()}) holds the lease 'packs' since`
      expect(await holdfast(...create(ground))).toMatchObject(refusal('refused', new RegExp(escaped(holder))))
      const impatient = await holdfast(...create(ground), '--wait', '1s')
      expect(impatient).toMatchObject(refusal('refused', new RegExp(escaped(holder))))
      const patient = holdfast<Manifest>(...create(ground), '--wait', '2m')

      const [one, other] = [resultOf(await first.outcome) as Manifest, resultOf(await patient)]
      expect(Date.parse(other.timing.started)).toBeGreaterThanOrEqual(Date.parse(one.timing.finished))
      expect(other.totals.newBytes).toBe(0)
      for (const manifest of [one, other]) await expectRestored(ground, manifest)
    }))

  test('[backup.delete] a delete takes nothing that it needs, and leaves the space to the next one', async () =>
    withEarlier(async (ground) => {
      const { repo, earlier } = ground
      const run = await startSlowly(ground)
      const packs = async (): Promise<string[]> => (await files(repo)).filter((path) => path.endsWith('.pack'))
      const before = await packs()
      const deletion = await succeed('backup', 'delete', earlier.id, '--confirm', '--repo', repo)
      expect(deletion).toMatchObject({ deleted: true, postponed: expect.stringContaining('is in use') as string })
      expect(await packs()).toEqual(expect.arrayContaining(before))

      const manifest = resultOf(await run.outcome) as Manifest
      expect(manifest.totals.newBytes).toBeLessThan(manifest.totals.size)
      await expectRestored(ground, manifest)
      const { verdict, backups } = await succeed<ValidationReport>('backup', 'validate', '--repo', repo)
      expect([verdict, ...backups.map(({ id }) => id)]).toEqual(['good', manifest.id])
    }))

  test('[backup.delete] a delete that waits frees the space itself', async () =>
    withEarlier(async (ground) => {
      const { repo, earlier } = ground
      const run = await startSlowly(ground)
      const deletion = await succeed<{ postponed?: string }>(
        'backup',
        'delete',
        earlier.id,
        '--confirm',
        '--wait',
        '2m',
        '--repo',
        repo,
      )
      expect(deletion.postponed).toBeUndefined()
      await expectRestored(ground, resultOf(await run.outcome) as Manifest)
    }))
})

test('[damage.full-disk] a full repository is an error that says so, harms no backup, and the next one works when there is room', async () =>
  withEarlier(async (ground) => {
    const { folder, dataDir, repo, earlier } = ground
    await writeFile(join(dataDir, strings), randomBytes(9_000_000))
    const copy = join(folder, 'copy')
    // A disk of the size of what is there and a little more, and later, as an operator would do, of more.
    const steps = [
      `cp -a "${repo}/." "$disk"`,
      `"$@"; test $? = 5 || exit 98`,
      `"$1" "$2" backup validate --repo "$disk" >/dev/null || exit 97`,
      `mount -o remount,size=60m "$disk" && "$@" && cp -a "$disk" "${copy}"`,
    ]
    const disk = join(folder, 'disk')
    const inside = onSmallDisk(disk, '6m', `disk="${disk}"; ${steps.join('; ')}`)
    const outcome = await startHoldfast(create({ dataDir, repo: disk }), { inside }).outcome
    const { error } = refusal('repository', /cannot write .*: no space left on device/)
    expect(outcome, outcome.story).toMatchObject({ exitCode: 0, error })
    const { verdict, backups } = await succeed<ValidationReport>('backup', 'validate', '--repo', copy)
    const manifest = outcome.result as Manifest
    expect([verdict, ...backups.map(({ id }) => id)]).toEqual(['good', earlier.id, manifest.id])
    await expectRestored({ ...ground, repo: copy }, manifest)
  }))

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
