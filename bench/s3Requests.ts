import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mavenEnvironment } from '../src/config/environment.ts'
import { connect, type Graph } from '../src/neo4j/graph.ts'
import { installNeo4j } from '../src/neo4j/install.ts'
import { startNeo4j } from '../src/neo4j/instance.ts'
import { startMinio } from '../test/support/s3Servers.ts'
import { ArchiverProcess, lastId } from './archiverProcess.ts'
import { benchCache } from './store.ts'

// What an archiver asks of a bucket, idle and at some commits a second: `node bench/s3Requests.ts [seconds]`.

const [seconds = '120'] = process.argv.slice(2)
/** Dollars for a thousand requests: Amazon's list prices of the standard class in us-east-1. */
const prices: Record<string, number> = { GetObject: 0.0004, HeadObject: 0.0004, DeleteObject: 0 }
const usualPrice = 0.005

const holdfast = join(import.meta.dirname, '..', 'dist', 'main.js')
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const installation = await installNeo4j({ version: 'lts', cacheDir: benchCache, mavenEnvironment: mavenEnvironment(process.env) })

try {
  await using minio = await startMinio(folder)
  Object.assign(process.env, minio.environment)
  await minio.newBucket('bench')
  await using server = await startNeo4j({
    installation,
    home: join(folder, 'home'),
    dataDir: join(folder, 'data'),
    javaOptions: [],
  })
  await using graph = await connect({ uri: server.boltUri })
  const directory = join(server.dataDir, 'transactions', 'neo4j')
  const repo = 's3://bench/repo'
  const run = async (...words: string[]): Promise<unknown> =>
    once(spawn(process.execPath, [holdfast, ...words, '--repo', repo], { stdio: 'ignore' }), 'exit')
  await run('repo', 'init')
  await run('backup', 'create', '--data-dir', server.dataDir, '--uri', server.boltUri)
  process.stdout.write(`| commits a second | requests in ${seconds} s | an hour | dollars a month |\n|---|---|---|---|\n`)
  let start: Record<string, number> = {}
  // The first run begins the archive, the second one shows what a start costs, which the others then leave out.
  for (const rate of [undefined, undefined, 0, 1, 100]) {
    await write(graph, 1, 1)
    using archiver = new ArchiverProcess({ holdfast, dataDir: server.dataDir, repo, uri: server.boltUri })
    await write(graph, 1, 1)
    await archiver.upTo(await lastId(directory))
    // What a start looks at besides takes some seconds.
    await (rate === undefined ? write(graph, 0, 10) : write(graph, rate, Number(seconds)))
    await archiver.upTo(await lastId(directory))
    await archiver.stop()
    if (rate === undefined) start = archiver.requests
    else row(rate, difference(archiver.requests, start))
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function write(graph: Graph, rate: number, duration: number): Promise<void> {
  const end = performance.now() + duration * 1000
  if (rate === 0) return delay(duration * 1000)
  const underWay: Promise<unknown>[] = []
  for (let due = performance.now(); due < end; due += 1000 / rate) {
    await delay(Math.max(0, due - performance.now()))
    underWay.push(graph.query('CREATE (:Bench {text: $text})', { text: 'x'.repeat(200) }, { write: true }))
  }
  await Promise.all(underWay)
}

function difference(all: Record<string, number>, start: Record<string, number>): Record<string, number> {
  const left = Object.entries(all).map(([name, count]) => [name, count - (start[name] ?? 0)] as const)
  return Object.fromEntries(left.filter(([, count]) => count > 0))
}

function row(rate: number, requests: Record<string, number>): void {
  const list = Object.entries(requests).map(([name, count]) => `${count} ${name}`)
  const total = Object.values(requests).reduce((sum, count) => sum + count, 0)
  const dollars = Object.entries(requests).reduce((sum, [name, count]) => sum + (count * (prices[name] ?? usualPrice)) / 1000, 0)
  const hours = Number(seconds) / 3600
  process.stdout.write(
    `| ${rate} | ${list.join(', ')} | ${Math.round(total / hours)} | ${((dollars / hours) * 730).toFixed(2)} |\n`,
  )
}
