import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type Graph } from '../src/neo4j/graph.ts'
import { startNeo4j } from '../src/neo4j/instance.ts'
import { measure } from './measure.ts'
import { benchStore } from './store.ts'

// Write latency of a steady load with and without a backup running: `node bench/latency.ts [writes a second] [seconds]`.
// The load is open: each write is due at a fixed time and its latency counts from then, so that waiting in line is not hidden.

const [rate = '50', seconds = '60'] = process.argv.slice(2)
const holdfast = join(import.meta.dirname, '..', 'dist', 'main.js')
const store = await benchStore(1_500_000)
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const inMemory = await mkdtemp('/dev/shm/holdfast-bench-')
const dataDir = join(folder, 'data')
const beside = join(folder, 'repo')
const ways = [
  { name: 'backups', repo: beside, limit: [] },
  { name: 'backups with --max-rate 100MB', repo: beside, limit: ['--max-rate', '100MB'] },
  { name: 'backups with --max-rate 20MB', repo: beside, limit: ['--max-rate', '20MB'] },
  { name: 'backups to memory, as to a disk of its own', repo: join(inMemory, 'repo'), limit: [] },
]

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
  await writeWhile(graph, pause(20))
  process.stdout.write(`${rate} writes a second.\n\n| | p50 | p99 | max | writes |\n|---|---|---|---|---|\n`)
  for (const { name, repo, limit } of ways) {
    row('no backup', await writeWhile(graph, pause(Number(seconds))))
    const spans: Span[] = []
    const writes = await writeWhile(graph, backUpFor(Number(seconds) * 1000, { repo, limit, spans }))
    row(
      name,
      writes.filter(({ due }) => spans.some(({ from, to }) => due >= from && due <= to)),
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
  await rm(inMemory, { recursive: true, force: true })
}

/** When a backup ran; as all moments here, milliseconds of the process's clock. */
interface Span {
  from: number
  to: number
}

/** Backs up again and again, each time into a new repository, and notes when; what it takes to make that one is not part of it. */
async function backUpFor(milliseconds: number, { repo, limit, spans }: { repo: string; limit: string[]; spans: Span[] }) {
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    await rm(repo, { recursive: true, force: true })
    await measure(`${process.execPath} ${holdfast} repo init --repo ${repo}; sync`)
    const from = performance.now()
    const child = spawn(
      process.execPath,
      [holdfast, 'backup', 'create', '--quiet', '--data-dir', dataDir, '--repo', repo, ...limit],
      { stdio: 'ignore' },
    )
    const [code] = (await once(child, 'exit')) as [number]
    if (code !== 0) throw new Error(`the backup ended with ${code}`)
    spans.push({ from, to: performance.now() })
  }
  await rm(repo, { recursive: true, force: true })
}

async function pause(duration: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, duration * 1000))
}

interface Write {
  due: number
  latency: number
}

/** Every write until `until` resolves. */
async function writeWhile(graph: Graph, until: Promise<unknown>): Promise<Write[]> {
  const measured: Write[] = []
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
        .then(() => void measured.push({ due, latency: performance.now() - due })),
    )
  }
  await Promise.all(underWay)
  await until
  return measured
}

function row(name: string, writes: Write[]): void {
  const sorted = writes.map(({ latency }) => latency).toSorted((a, b) => a - b)
  const at = (part: number): string => `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1)} ms`
  process.stdout.write(`| ${name} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${sorted.length} |\n`)
}
