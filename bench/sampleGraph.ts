import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const vocabulary = makeWords(4096)

/**
 * Writes `nodes.csv` and `relationships.csv` of a made-up knowledge graph for `neo4j-admin database import full`:
 * each node has a name, some words of text, a number and a moment; each relationship has a weight. The same numbers give the same graph.
 */
export async function writeSampleCsv(directory: string, nodes: number, relationships: number): Promise<void> {
  await mkdir(directory, { recursive: true })
  await pipeline(Readable.from(nodeRows(nodes)), createWriteStream(join(directory, 'nodes.csv')))
  await pipeline(Readable.from(relationshipRows(nodes, relationships)), createWriteStream(join(directory, 'relationships.csv')))
}

function* nodeRows(count: number): Generator<string> {
  const random = seeded(1)
  let rows = 'id:ID,:LABEL,uuid,name,text,score:double,created:long\n'
  for (let id = 0; id < count; id++) {
    const text = Array.from({ length: 20 + Math.floor(random() * 30) }, () => word(random)).join(' ')
    const uuid = [random, random, random, random]
      .map((next) =>
        Math.floor(next() * 2 ** 32)
          .toString(16)
          .padStart(8, '0'),
      )
      .join('')
    rows += `${id},${id % 10 === 0 ? 'Episode' : 'Entity'},${uuid},${word(random)} ${word(random)},${text},${random()},${1.7e12 + id}\n`
    if (rows.length > 1 << 20) {
      yield rows
      rows = ''
    }
  }
  yield rows
}

function* relationshipRows(nodes: number, count: number): Generator<string> {
  const random = seeded(2)
  let rows = ':START_ID,:END_ID,:TYPE,weight:double\n'
  for (let id = 0; id < count; id++) {
    rows += `${Math.floor(random() * nodes)},${Math.floor(random() * nodes)},${id % 3 === 0 ? 'MENTIONS' : 'RELATES_TO'},${random()}\n`
    if (rows.length > 1 << 20) {
      yield rows
      rows = ''
    }
  }
  yield rows
}

function makeWords(count: number): string[] {
  const random = seeded(3)
  const letter = (): string => 'etaoinshrdlucmfwypvbgkjqxz'[Math.floor(random() ** 2 * 26)]!
  return Array.from({ length: count }, () => Array.from({ length: 2 + Math.floor(random() * 9) }, letter).join(''))
}

// Frequent words come often and rare ones rarely, as in real text, so that compression is neither too easy nor too hard.
function word(random: () => number): string {
  return vocabulary[Math.floor(random() ** 3 * vocabulary.length)]!
}

/** A small seeded generator of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
