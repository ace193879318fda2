import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import {
  expectDamageNamed,
  expectNotOpened,
  makeOriginal,
  objectRows,
  openingRows,
  type Original,
} from '../support/damagedRepository.ts'
import { withFolder } from '../support/neo4j.ts'
import { absences, expectGapMarked } from '../support/prunedArchive.ts'
import { type S3Server, startMinio } from '../support/s3Servers.ts'
import { expectMergedThroughKill, expectTwoArchiversLoseNothing, mergeSteps, SmallSegments } from '../support/smallSegments.ts'
import { storageAt } from '../support/storageAt.ts'

let folder: string
let minio: S3Server
let bucket: string
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-s3-'))
  minio = await startMinio(folder)
  minio.use()
})
afterAll(async () => {
  await minio[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  bucket = await minio.newBucket(`faults-${number++}`)
})

test.each(absences)(
  '[archive.gaps] Neo4j prunes log while the archiver into a bucket %s: the gap is told and marked, and what follows is restorable',
  async (how) => withFolder('s3-pruned', async (own) => expectGapMarked(how, { folder: own, repo: `s3://${bucket}/graph` })),
)

describe('many small segments in a bucket', () => {
  test.each([1, 2, 3, 61, mergeSteps])(
    '[archive.merge] killed at step %i of a merge, all stays restorable and the next one ends it',
    async (point) => {
      using small = await SmallSegments.create(storageAt(`s3://${bucket}/graph`))
      await expectMergedThroughKill(small, point)
    },
  )

  test('[archive.merge] two archivers that ship and merge at once lose nothing', async () => {
    using small = await SmallSegments.create(storageAt(`s3://${bucket}/graph`))
    await expectTwoArchiversLoseNothing(small)
  })
})

describe('[damage.detected] in a bucket', () => {
  let original: Original
  beforeAll(async () => {
    original = await makeOriginal(join(folder, 'original'), () => `s3://${bucket}/graph`)
  })

  // Those of encrypted ones, which take long to open, are tested on a directory.
  test.each(objectRows)('$object $damage is named by validation and by a restore', async (row) =>
    expectDamageNamed(original, { ...row, encrypted: false }),
  )

  const rows = openingRows.filter(({ name, encrypted }) => encrypted === (name === 'keys'))
  test.each(rows)('$name $damage (encrypted: $encrypted) stops every command before it does anything', async (row) =>
    expectNotOpened(original, row),
  )
})
