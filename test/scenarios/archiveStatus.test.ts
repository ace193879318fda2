import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { LineageStatus } from '../../src/archive/archiveStatus.ts'
import type { ArchiveVerdict } from '../../src/archive/validateArchive.ts'
import { exitCodes } from '../../src/core/errors.ts'
import { listLogFiles, logDirectory } from '../../src/neo4j/dataDirectory.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import type { Window } from '../../src/recovery/windows.ts'
import { lineageName, segmentName } from '../../src/repository/segmentName.ts'
import { ArchiverProcess } from '../support/archiverProcess.ts'
import { holdfast, succeed } from '../support/holdfast.ts'
import { MarkerClients, openDriver } from '../support/markerClients.ts'
import { startIn, withFolder } from '../support/neo4j.ts'
import { repositoryIn } from '../support/storageAt.ts'

/** Each checkpoint prunes all files of the log but the one in use. */
const pruning = {
  'db.checkpoint.interval.time': '1s',
  'db.checkpoint.interval.tx': '20',
  'db.tx_log.rotation.size': '1m',
  'db.tx_log.rotation.retention_policy': 'keep_none',
}

/** What the server is said to keep: 100 MiB, of which nothing is pruned while so little is behind. */
const limit = 100 * 1024 * 1024

interface Report {
  lineages: LineageStatus[]
  windows: Record<string, Window[]>
  now: string
}

test('[archive.gaps] archive status and archive validate tell what the repository holds now: the end and its age, what is behind, missing, damaged and lost, and what can be restored', async () =>
  withFolder('archive-status', async (folder) => {
    const repo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    await using server = await startIn(folder, namedVersions.lts, { settings: pruning })
    const { dataDir } = server
    const driver = openDriver(server.boltUri)
    await using archiver = new ArchiverProcess({ dataDir, repo, interval: '100ms' })
    const words = ['archive', 'status', '--repo', repo, '--data-dir', dataDir, '--log-retention', '100M size']
    const status = async (expected = 0): Promise<{ lineage: LineageStatus; windows: Window[]; text: string; now: number }> => {
      const { exitCode, result } = await holdfast<Report>(...words)
      expect(exitCode).toBe(expected)
      const { lineages, windows, now } = result
      const main = join(import.meta.dirname, '../../src/main.ts')
      const { stdout } = await execa(process.execPath, [main, ...words], { reject: false })
      const [lineage, ...others] = lineages.filter(({ database }) => database === 'neo4j')
      expect(others).toEqual([])
      return { lineage: lineage!, windows: windows['neo4j']!, text: stdout, now: Date.parse(now) }
    }
    /** Writes markers of that size, and returns the id of the last transaction. */
    const write = async (markers: number, size: number, first: number): Promise<number> => {
      await using clients = new MarkerClients({ clients: 2, pace: 10, size, first })
      clients.resume(driver)
      await clients.advance(markers)
      await clients.stop()
      return Math.max(...clients.acknowledged.map(({ transaction }) => transaction))
    }
    const repository = await repositoryIn(repo)
    /** What reading all of it back shows of the lineage of neo4j. */
    const validate = async (lineage: string) => {
      const { exitCode, result } = await holdfast<ArchiveVerdict>('archive', 'validate', '--repo', repo)
      return { exitCode, ...result.lineages.find((verdict) => verdict.lineage === lineage)! }
    }

    // All is archived.
    archiver.start()
    await archiver.backedUp(1)
    let archivedUpTo = 0
    for (let round = 0; round < 5; round++) await archiver.reaches((archivedUpTo = await write(3, 300, round * 100)))
    const whole = await status()
    const { manifest } = (await repository.listBackups())[0]!
    const base = manifest!.databases.find(({ name }) => name === 'neo4j')!.lastTransaction
    expect(whole.lineage).toMatchObject({
      parent: null,
      branchedAfter: null,
      last: { id: archivedUpTo },
      gaps: [],
      missing: [],
      live: { behindBytes: 0, behindSince: null, headroom: { bytes: limit } },
    })
    expect(whole.now - Date.parse(whole.lineage.last!.time)).toBeLessThan(60_000)
    expect(whole.windows).toEqual([
      {
        lineage: whole.lineage.lineage,
        from: { id: base.id, time: base.commitTime },
        to: { id: archivedUpTo, time: whole.lineage.last!.time },
      },
    ])
    expect(whole.text).toContain(whole.lineage.lineage)
    expect(whole.text).toMatch(new RegExp(`up to transaction ${archivedUpTo} of ${whole.lineage.last!.time}, [\\d.]+ m?s ago`))
    expect(whole.text).toContain('nothing: all of the live log is archived')
    expect(whole.text).toMatch(/headroom +105 MB, .* until Neo4j may prune/)
    expect(whole.text).toMatch(new RegExp(`restorable\\n.*neo4j +transactions ${base.id} to ${archivedUpTo}, `, 's'))

    // The archiver stands still.
    const { warnings } = await archiver.kill()
    const archived = (await repository.archive.list()).segments.filter(({ lineage }) => lineage === whole.lineage.lineage)
    expect(await validate(whole.lineage.lineage)).toMatchObject({
      exitCode: 0,
      database: 'neo4j',
      segments: archived.length,
      transactions: archived.reduce((sum, { first, last }) => sum + last - first + 1, 0),
      problems: [],
    })
    const flipped = join(repo, segmentName(archived.at(-2)!))
    const bytes = await readFile(flipped)
    await writeFile(flipped, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1))
    expect(await validate(whole.lineage.lineage)).toMatchObject({
      exitCode: exitCodes.integrity,
      segments: archived.length,
      problems: [expect.stringContaining(segmentName(archived.at(-2)!))],
    })
    await writeFile(flipped, bytes)
    // That an archive begins is nothing to be warned of.
    expect(warnings).not.toContainEqual(expect.stringContaining('lineage'))
    const unarchived = await write(2, 300, 1000)
    const behind = await status()
    expect(behind.lineage).toMatchObject({ last: { id: archivedUpTo } })
    expect(behind.lineage.live!.behindBytes).toBeGreaterThan(600)
    expect(behind.lineage.live!.headroom.bytes).toBe(limit - behind.lineage.live!.behindBytes)
    expect(Date.parse(behind.lineage.live!.behindSince!)).toBeGreaterThanOrEqual(Date.parse(whole.lineage.last!.time))
    expect(behind.text).toMatch(/behind +[\d.]+ kB, the oldest [\d.]+ m?s ago/)

    // Somebody removes the newest segment: what is behind grows. And one from within: it is missed, and nothing behind it can be restored.
    const stored = (await repository.archive.list()).segments.filter(({ lineage }) => lineage === whole.lineage.lineage)
    const newest = stored.at(-1)!
    await rm(join(repo, segmentName(newest)))
    const shorter = await status()
    expect(shorter.lineage).toMatchObject({ last: { id: newest.first - 1 }, segments: behind.lineage.segments - 1, missing: [] })
    expect(shorter.lineage.live!.behindBytes).toBeGreaterThan(behind.lineage.live!.behindBytes)
    expect(shorter.lineage.live!.headroom.bytes).toBeLessThan(behind.lineage.live!.headroom.bytes!)
    expect(shorter.windows.at(-1)!.to.id).toBe(newest.first - 1)
    const within = stored.at(-3)!
    await rm(join(repo, segmentName(within)))
    const holed = await status(exitCodes.integrity)
    expect(holed.lineage).toMatchObject({
      last: { id: newest.first - 1 },
      segments: shorter.lineage.segments - 1,
      missing: [{ first: within.first, last: within.last }],
      gaps: [],
    })
    expect(holed.windows.at(-1)!.to.id).toBe(within.first - 1)
    expect(holed.text).toContain(`transactions ${within.first} to ${within.last} are in no segment any more`)
    expect(await validate(whole.lineage.lineage)).toMatchObject({
      exitCode: exitCodes.integrity,
      problems: [`transactions ${within.first} to ${within.last} are in no segment any more: something removed it`],
    })

    // Neo4j prunes what was not archived.
    const present = (await listLogFiles(logDirectory(dataDir, 'neo4j'))).at(-1)!.version
    for (let round = 0; (await listLogFiles(logDirectory(dataDir, 'neo4j')))[0]!.version < present + 2; round++)
      await write(50, 20_000, 10_000 + round * 1000)
    archiver.start()
    await archiver.until(async () => (await repository.archive.list()).gaps.length > 0)
    await archiver.backedUp(2)
    await archiver.reaches(await write(3, 300, 2000))
    const gapped = await status(exitCodes.integrity)
    const [gap] = gapped.lineage.gaps
    expect(gap!.first).toBe(newest.first)
    expect(gap!.last).toBeGreaterThanOrEqual(unarchived)
    expect(gapped.windows.map(({ from, to }) => from.id < to.id)).toEqual([true, true])
    expect(gapped.windows[0]!.to.id).toBe(within.first - 1)
    expect(gapped.windows[1]!.from.id).toBeGreaterThan(gap!.last)
    expect(gapped.text).toMatch(new RegExp(`GAP +transactions ${gap!.first} to ${gap!.last}, committed after .*, were pruned`))
    expect(gapped.text.match(/neo4j +transactions \d+ to \d+/g)).toHaveLength(2)

    // A damaged lineage is named, and the others are told nevertheless.
    const system = (await repository.archive.list()).lineages.find((lineage) => lineage !== whole.lineage.lineage)!
    await writeFile(join(repo, lineageName(system)), 'nonsense')
    const damaged = await holdfast<Report>(...words)
    expect(damaged.exitCode).toBe(exitCodes.integrity)
    expect(damaged.result).toMatchObject({
      lineages: [{ lineage: whole.lineage.lineage }],
      damaged: [{ lineage: system, problem: expect.stringContaining(`${lineageName(system)} in ${repo} is damaged`) as string }],
    })
    await driver.close()
  }))
