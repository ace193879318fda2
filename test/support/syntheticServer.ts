import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '../../src/repository/manifest.ts'
import type { Repository } from '../../src/repository/repository.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { archiveAll, backUpLogs, newRepository } from './archiving.ts'
import { sampleStore } from './logBytes.ts'
import { ManualClock } from './manualClock.ts'
import { firstCommit, SyntheticLog } from './syntheticLog.ts'

/** The logs of `neo4j` and `system`. */
export interface ServerLogs {
  readonly log: SyntheticLog
  readonly system: SyntheticLog
}

/**
 * What a server leaves behind, without the server: the logs of its two databases, and a repository whose backups are dated by a
 * clock that stands still. Its seconds count from the first commit: unless told, transaction N is committed after N seconds.
 */
export class SyntheticServer implements ServerLogs, Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-server-'))
  readonly clock: ManualClock
  readonly storage: Storage
  readonly repository: Repository
  readonly log: SyntheticLog
  readonly system: SyntheticLog

  private constructor(clock: ManualClock, storage: Storage, repository: Repository) {
    this.clock = clock
    this.storage = storage
    this.repository = repository
    const dataDir = join(this.folder, 'data')
    this.log = SyntheticLog.create(dataDir)
    this.system = SyntheticLog.create(dataDir, { database: 'system', store: { ...sampleStore, random: '4711' } })
  }

  /** A fresh one at second 0, of which nothing is written and nothing backed up. */
  static async create(): Promise<SyntheticServer> {
    const clock = new ManualClock(new Date(firstCommit))
    const storage = memoryStorage()
    return new SyntheticServer(clock, storage, await newRepository({ storage, clock }))
  }

  /** A backup of logs that is begun so many seconds after the first commit. */
  async backUpAt(seconds: number, ...logs: readonly SyntheticLog[]): Promise<Manifest> {
    this.clock.jumpTo(firstCommit + seconds * 1000)
    return backUpLogs(this.repository, ...logs)
  }

  /** Writes one transaction so many seconds after the first commit, and archives the log; the clock of backups stays. */
  async writeAt(seconds: number, log: SyntheticLog, body = ''): Promise<void> {
    await archiveAll(this.repository, log.write(1, { body, commitTime: firstCommit + seconds * 1000 }))
  }

  /** Both logs as a restore to these transactions leaves them, in a data directory of that name. */
  restored(to: number, systemTo: number, name = 'restored'): ServerLogs {
    const dataDir = join(this.folder, name)
    return { log: this.log.copyUpTo(to, dataDir), system: this.system.copyUpTo(systemTo, dataDir) }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
