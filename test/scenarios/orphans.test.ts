import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { joinedRelationships, scannedCounts } from '../../src/neo4j/graphCounts.ts'
import { startIn, withFolder } from '../support/neo4j.ts'

/** Bytes of a node's record; the lowest bit of its first byte says that the node exists. */
const nodeSize = 15

test('a relationship is counted as joined only where the records of both of its nodes exist', async () =>
  withFolder('orphans', async (folder) => {
    {
      await using server = await startIn(folder, '5.26.30')
      await using graph = await server.connect()
      await graph.query('CREATE (h:Hub) WITH h UNWIND range(1, 20) AS i CREATE (h)-[:R]->(:Leaf {id: i})', {}, { write: true })
      expect(await joinedRelationships(graph)).toBe(20)
      await server.stop()
    }
    await using file = await open(join(folder, 'data/databases/neo4j/neostore.nodestore.db'), 'r+')
    const { buffer } = await file.read(Buffer.alloc(16_384), 0, 16_384, 0)
    // The first page of the store is its header where the format says so: the records are found by what they hold.
    const first = [0, 8192].find((at) => (buffer[at]! & 1) === 1 && (buffer[at + nodeSize]! & 1) === 1)!
    await file.write(Buffer.of(buffer[first + 5 * nodeSize]! & ~1), 0, 1, first + 5 * nodeSize)

    await using server = await startIn(folder, '5.26.30')
    await using graph = await server.connect()
    expect((await scannedCounts(graph)).relationships).toBe(20)
    expect(await joinedRelationships(graph)).toBe(19)
  }))
