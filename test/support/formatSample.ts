import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { HoldfastError } from '../../src/core/errors.ts'
import { markDamaged } from '../../src/repository/damaged.ts'
import type { KeySource } from '../../src/repository/keys.ts'
import { initRepository, openRepository } from '../../src/repository/repository.ts'
import { branchLineage, gapName, rootLineage, segmentName } from '../../src/repository/segmentName.ts'
import { directoryStorage } from '../../src/storage/directory.ts'
import { archiveAll, archiveOn, backUpLogs, segmentOf } from './archiving.ts'
import type { ArchiveContent } from './formatArchiveReader.ts'
import { sampleStore } from './logBytes.ts'
import { SyntheticLog } from './syntheticLog.ts'

const pack = '00112233445566778899aabbccddeeff'

/**
 * Makes a repository in a directory that has what is none of a backup: log in segments of one frame and of two, a gap, a lineage that left
 * another one, a proof, leases, and a marker of damage.
 * @returns all of it but the leases, told from what went in; without `created` and `found`, which are the time of the system.
 */
export async function makeArchive(directory: string, key?: KeySource): Promise<Omit<ArchiveContent, 'leases'>> {
  const storage = directoryStorage(directory)
  await initRepository(storage, { encryption: key })
  const repository = await openRepository(storage, { key })
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-format-log-'))
  try {
    const log = SyntheticLog.create(join(folder, 'data')).write(3)
    const store = { ...sampleStore, random: '4711' }
    const system = SyntheticLog.create(log.dataDir, { database: 'system', kernelVersion: 33, store }).write(2)
    const [root, systemRoot] = [rootLineage(log.store), rootLineage(store)]
    const backup = await backUpLogs(repository, log, system)

    const segments: ArchiveContent['segments'] = {}
    const foretell = (of: SyntheticLog, first: number, last: number, lineage: string) => {
      const bytes = of.slice(first, last)
      segments[segmentName(segmentOf(of, first, last, lineage))] = `${bytes.length} ${hash('sha256', bytes, 'hex')}`
    }
    await archiveAll(repository, system.write(2))
    foretell(system, 4, 5, systemRoot)
    // The second file is more than a frame holds.
    await archiveAll(
      repository,
      log
        .write(2)
        .rotate()
        .write(2, { body: 'a word and '.repeat(60_000) }),
    )
    foretell(log, 5, 6, root)
    foretell(log, 7, 8, root)
    await archiveAll(repository, log.rotate().write(3).rotate().write(2).prune())
    foretell(log, 12, 13, root)

    const restored = log.copyUpTo(12, join(folder, 'restored')).write(1, { body: 'restored' })
    const restoredSystem = system.copyUpTo(3, restored.dataDir).write(1, { body: 'restored' })
    const branch = branchLineage(root, restored.at(13))
    await archiveAll(repository, restored)
    foretell(restored, 13, 13, branch)
    await archiveOn(repository, log.write(1), 1)
    foretell(log, 14, 14, root)

    const end = ({ id, checksum }: { id: number; checksum: number }) => ({ id, checksum })
    const proof = {
      backup: backup.id,
      time: '2026-11-26T12:00:00.123Z',
      neo4j: '5.26.30',
      ends: { neo4j: end(log.at(4)), system: end(system.at(3)) },
      checks: 12,
    }
    await repository.putProof(proof)
    const problem = new HoldfastError('integrity', 'a block of it is damaged')
    await markDamaged({ id: repository.id, storage, clock: systemClock, master: undefined }, pack, problem)

    const storeId = (random: string) => ({ creationTime: String(sampleStore.creationTime), random })
    const gap = { lineage: root, first: 9, last: 11 }
    return {
      segments,
      lineages: {
        [root]: { id: root, database: 'neo4j', storeId: storeId(sampleStore.random), origin: end(log.at(4)), besides: [] },
        [systemRoot]: { id: systemRoot, database: 'system', storeId: storeId('4711'), origin: end(system.at(3)), besides: [] },
        [branch]: {
          id: branch,
          database: 'neo4j',
          storeId: storeId(sampleStore.random),
          branch: { parent: root, after: 12 },
          origin: end(log.at(12)),
          besides: [{ lineage: root, last: 13 }],
          others: [{ root: systemRoot, last: end(restoredSystem.last), ends: [{ lineage: systemRoot, last: 5 }] }],
        },
      },
      gaps: { [gapName(gap)]: { ...gap, after: new Date(log.at(8).commitTime).toISOString() } },
      proofs: { [`proofs/${backup.id}/${Date.parse(proof.time)}`]: proof },
      damaged: { [pack]: { pack, problem: problem.message } },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
