import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Graph } from '../src/neo4j/graph.ts'
import { startNeo4j } from '../src/neo4j/instance.ts'
import { measure } from './measure.ts'
import { benchStore } from './store.ts'

// Write latency of a steady load with and without a backup running: `node bench/latency.ts [writes a second] [seconds] [max-rate]`.
// The load is open: each write is due at a fixed time and its latency counts from then, so that waiting in line is not hidden.

const [rate = '50', seconds = '15', maxRate = '100MB'] = process.argv.slice(2)
const holdfast = join(import.meta.dirname, '..', 'dist', 'main.js')
const store = await benchStore(1_500_000)
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const dataDir = join(folder, 'data')
const repo = join(folder, 'repo')

try {
  await cp(store.dataDir, dataDir, { recursive: true })
  // Otherwise the copy itself goes to the disk while the first backup is measured.
  await measure('sync')
  await using server = await startNeo4j({
    installation: store.installation,
    home: join(folder, 'home'),
    dataDir,
    heap: '2g',
    javaOptions: [],
  })
  await using graph = await connect({ uri: server.boltUri })
  await latencies(graph, new Promise((resolve) => setTimeout(resolve, 20_000)))
  process.stdout.write(`${rate} writes a second.\n\n| | p50 | p99 | max | writes |\n|---|---|---|---|---|\n`)
  for (const limit of [[], ['--max-rate', maxRate]]) {
    row('no backup', await latencies(graph, new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000))))
    row(`backups one after the other ${limit.join(' ')}`, await latencies(graph, backUpFor(Number(seconds) * 1000, limit)))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function backUpFor(milliseconds: number, limit: string[]): Promise<void> {
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    await rm(repo, { recursive: true, force: true })
    await measure(`${process.execPath} ${holdfast} repo init --repo ${repo}`)
    const child = spawn(
      process.execPath,
      [holdfast, 'backup', 'create', '--quiet', '--data-dir', dataDir, '--repo', repo, ...limit],
      { stdio: 'ignore' },
    )
    const [code] = (await once(child, 'exit')) as [number]
    if (code !== 0) throw new Error(`the backup ended with ${code}`)
  }
}

/** Milliseconds of each write until `until` resolves. */
async function latencies(graph: Graph, until: Promise<unknown>): Promise<number[]> {
  const measured: number[] = []
  const underWay: Promise<void>[] = []
  const ended = { yet: false }
  void until.finally(() => (ended.yet = true))
  const start = performance.now()
  for (let number = 0; !ended.yet; number++) {
    const due = start + (number * 1000) / Number(rate)
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    underWay.push(
      graph
        .query(
          'CREATE (:Bench {number: $number, text: $text})',
          { number: BigInt(number), text: 'x'.repeat(200) },
          { write: true },
        )
        .then(() => void measured.push(performance.now() - due)),
    )
  }
  await Promise.all(underWay)
  await until
  return measured
}

function row(name: string, measured: number[]): void {
  const sorted = measured.toSorted((a, b) => a - b)
  const at = (part: number): string => `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)} ms`
  process.stdout.write(`| ${name} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${sorted.length} |\n`)
}
