import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mavenEnvironment } from '../src/config/environment.ts'
import { connect, type Graph } from '../src/neo4j/graph.ts'
import { installNeo4j } from '../src/neo4j/install.ts'
import { startNeo4j } from '../src/neo4j/instance.ts'
import { ArchiverProcess, lastId } from './archiverProcess.ts'
import { benchCache } from './store.ts'

// From commit to durable in the repository at some rates of writing, and how fast a backlog is caught up with:
// `node bench/recoveryPoint.ts [seconds] [backlog in MB]`. The load is open: each write is due at a fixed time.

const [seconds = '30', backlog = '500'] = process.argv.slice(2)
const holdfast = join(import.meta.dirname, '..', 'dist', 'main.js')
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const repo = join(folder, 'repo')
const installation = await installNeo4j({ version: 'lts', cacheDir: benchCache, mavenEnvironment: mavenEnvironment(process.env) })

try {
  await using server = await startNeo4j({
    installation,
    home: join(folder, 'home'),
    dataDir: join(folder, 'data'),
    heap: '2g',
    javaOptions: [],
    settings: { 'db.tx_log.rotation.retention_policy': 'keep_all' },
  })
  await using graph = await connect({ uri: server.boltUri })
  const directory = join(server.dataDir, 'transactions', 'neo4j')
  await write(graph, 50, 20)
  await run('repo', 'init', '--repo', repo)
  print('| writes a second | reached | p50 | p99 | max | processor time of the archiver | peak memory |')
  print('|---|---|---|---|---|---|---|')
  for (const rate of [0, 10, 100, Number.POSITIVE_INFINITY]) {
    using archiver = new ArchiverProcess({ holdfast, dataDir: server.dataDir, repo, uri: server.boltUri })
    // Where all is stored already, nothing but the next segment tells that it has found its place.
    await write(graph, 1, 1)
    await archiver.upTo(await lastId(directory))
    const first = await lastId(directory)
    const cpu = await archiver.cpuSeconds()
    const written = await write(graph, rate, Number(seconds))
    await archiver.upTo(await lastId(directory))
    const used = (await archiver.cpuSeconds()) - cpu
    const lags = await archiver.lags(directory, first + 1)
    const peak = await archiver.peakMemory()
    await archiver.stop()
    const at = (part: number): string =>
      lags.length === 0 ? '' : `${lags[Math.min(lags.length - 1, Math.floor(lags.length * part))]} ms`
    const name = Number.isFinite(rate) ? String(rate) : 'as many as it takes'
    const share = `${((used / Number(seconds)) * 100).toFixed(1)} % of a core`
    print(`| ${name} | ${(written / Number(seconds)).toFixed(0)} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${share} | ${peak} MB |`)
  }
  await writeBacklog(graph, Number(backlog))
  const before = performance.now()
  using archiver = new ArchiverProcess({ holdfast, dataDir: server.dataDir, repo, uri: server.boltUri })
  await archiver.upTo(await lastId(directory))
  const took = (performance.now() - before) / 1000
  const megabytes = archiver.bytes / 1e6
  print(
    `\nA backlog of ${megabytes.toFixed(0)} MB of log: caught up with in ${took.toFixed(1)} s from its start, ${(megabytes / took).toFixed(0)} MB/s, ${await archiver.peakMemory()} MB of memory at most.`,
  )
  await archiver.stop()
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Writes at a rate for some seconds and waits for all answers; returns how many. */
async function write(graph: Graph, rate: number, duration: number): Promise<number> {
  const end = performance.now() + duration * 1000
  let number = 0
  const one = async (): Promise<void> => {
    const parameters = { number: BigInt(number++), text: 'x'.repeat(200) }
    await graph.query('CREATE (:Bench {number: $number, text: $text})', parameters, { write: true })
  }
  if (rate === 0) {
    await new Promise((resolve) => setTimeout(resolve, duration * 1000))
  } else if (Number.isFinite(rate)) {
    const underWay: Promise<void>[] = []
    for (let due = performance.now(); due < end; due += 1000 / rate) {
      const wait = due - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      underWay.push(one())
    }
    await Promise.all(underWay)
  } else {
    const client = async (): Promise<void> => {
      while (performance.now() < end) await one()
    }
    await Promise.all(Array.from({ length: 8 }, client))
  }
  return number
}

async function writeBacklog(graph: Graph, megabytes: number): Promise<void> {
  for (let written = 0; written < megabytes; written += 10) {
    const query = 'UNWIND range(1, 5000) AS number CREATE (:Backlog {number: number, text: $text + toString(rand())})'
    await graph.query(query, { text: 'backlog '.repeat(240) }, { write: true, timeout: 600_000 })
  }
}

async function run(...words: string[]): Promise<void> {
  const child = spawn(process.execPath, [holdfast, ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'exit')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
