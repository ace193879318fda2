import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRepository, type Repository } from '../../../src/repository/repository.ts'
import { segmentName } from '../../../src/repository/segmentName.ts'
import { directoryStorage } from '../../../src/storage/directory.ts'
import { type ArchiveContent, readArchive } from '../../support/formatArchiveReader.ts'
import { makeArchive } from '../../support/formatSample.ts'
import { patterned } from '../../support/streams.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/repository')
const keyFile = patterned(64, 12)
const moment = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$/) as string

/** The archive as this program reads it. */
async function readByProgram({ archive }: Repository): Promise<Pick<ArchiveContent, 'lineages' | 'segments' | 'gaps'>> {
  const read: Pick<ArchiveContent, 'lineages' | 'segments' | 'gaps'> = { lineages: {}, segments: {}, gaps: {} }
  const { lineages, segments, gaps } = await archive.list()
  for (const lineage of lineages) read.lineages[lineage] = await archive.readLineage(lineage)
  for (const segment of segments) {
    const log = Buffer.concat(await Array.fromAsync(archive.readLog(segment)))
    read.segments[segmentName(segment)] = `${log.length} ${hash('sha256', log, 'hex')}`
  }
  for (const gap of gaps) {
    const name = `archive/${gap.lineage}/${[gap.first, gap.last].map((id) => String(id).padStart(16, '0')).join('-')}.gap`
    read.gaps[name] = await archive.readGap(gap)
  }
  return read
}

function withTime(field: string, objects: ArchiveContent['gaps']): ArchiveContent['gaps'] {
  return Object.fromEntries(Object.entries(objects).map(([name, object]) => [name, { ...object, [field]: moment }]))
}

describe.each([
  ['plain', undefined],
  ['encrypted', keyFile],
])('[repository.format] the format of the archive, proofs, leases and markers, %s', { timeout: 60_000 }, (name, secret) => {
  const key = secret && { keyFile: secret }

  test('from version 1 is still read, by this program and by the reader made from docs/format.md', async () => {
    const directory = join(fixtures, `archive-${name}`)
    const expected = JSON.parse(readFileSync(`${directory}.json`, 'utf8')) as ArchiveContent
    expect(readArchive(directory, secret)).toEqual(expected)

    const repository = await openRepository(directoryStorage(directory), { key })
    const { lineages, segments, gaps, proofs } = expected
    expect(await readByProgram(repository)).toEqual({ lineages, segments, gaps })
    const proven = Object.values(proofs).map(({ backup, time }) => [backup, time])
    expect([...(await repository.listProofs())]).toEqual(proven)
  })

  test('that is written today is what docs/format.md says', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-format-'))
    try {
      const made = await makeArchive(directory, key)
      const { leases, ...read } = readArchive(directory, secret)
      expect(read).toEqual({
        ...made,
        lineages: withTime('created', made.lineages),
        gaps: withTime('found', made.gaps),
        damaged: withTime('found', made.damaged),
      })
      const states = Object.entries(leases)
      expect(states.map(([, { released }]) => released)).toEqual([...states.slice(1).map(() => false), true])
      for (const [index, [lease, state]] of states.entries()) {
        expect(lease).toBe(`leases/packs/${String(index + 1).padStart(10, '0')}`)
        expect(state).toMatchObject({ command: 'test', acquired: moment, expires: moment, process: { pid: process.pid } })
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
