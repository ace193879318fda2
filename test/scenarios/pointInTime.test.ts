import { test } from 'vitest'
import { testedVersions } from '../support/neo4j.ts'
import { expectRestorable, restlessLog } from '../support/pointInTimeScenario.ts'

const rows = [
  {
    version: testedVersions[0]!,
    asked: 0,
    settings: { ...restlessLog, 'db.tx_log.rotation.size': '128k', 'db.tx_log.preallocate': 'true' },
  },
  { version: testedVersions[1]!, asked: 1, settings: { ...restlessLog, 'db.tx_log.rotation.size': '256k' } },
  {
    version: testedVersions[2]!,
    asked: 1,
    settings: { ...restlessLog, 'db.tx_log.rotation.size': '128k', 'db.tx_log.preallocate': 'true' },
  },
]

test.each(rows)(
  '[archive.point-in-time] [archive.lineages] [archive.exact] Neo4j $version is restored to random transactions and moments of two histories',
  async (row) => expectRestorable(row),
)
