import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silent } from '../src/core/progress.ts'
import { liveLog } from '../src/history/liveLog.ts'
import { showLog } from '../src/history/showLog.ts'
import { logHeaderLength, readLogFileHeader } from '../src/txlog/logFileHeader.ts'
import { TransactionScanner } from '../src/txlog/transactionScanner.ts'
import { chainBytes, headerBytes } from '../test/support/logBytes.ts'
import { expectedFiles, fixture } from '../test/support/txlogFixtures.ts'

// How fast the transaction log is read and verified on one core, and how fast it is decoded and shown: `node bench/logReader.ts [MiB]`.
// Each file is made, and each measurement run, in a process of its own, so that the peak memory is that of the reader.

const megabytes = 1_000_000
const rounds = 5

type Shape = 'small' | 'large'

const shapes: Record<Shape, string> = {
  small: "real transactions' commands, 250 to 1200 bytes a transaction",
  large: 'about 3 MB a transaction',
}

interface Measurement {
  bytes: number
  transactions: number
  milliseconds: number
  /** Of processor time, which other work on the machine does not stretch. */
  cpuMilliseconds: number
  peakBytes: number
}

async function main([task, shape, path, size]: string[]): Promise<void> {
  if (task === 'make') return makeLog(path!, shape as Shape, Number(size))
  if (task === 'read' || task === 'show') {
    const measurement = await measured(async () => (task === 'read' ? read(logIn(path!)) : show(path!)))
    return void process.stdout.write(JSON.stringify(measurement))
  }
  const mebibytes = Number(task ?? 256)
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    for (const name of Object.keys(shapes) as Shape[]) {
      const dataDir = join(directory, name)
      run('make', name, dataDir, String(mebibytes * 1024 * 1024))
      for (const way of ['read', 'show']) {
        const results = Array.from({ length: rounds }, () => JSON.parse(run(way, name, dataDir)) as Measurement)
        report(way, name, results)
      }
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function run(...args: string[]): string {
  return execFileSync(process.execPath, [import.meta.filename, ...args], { encoding: 'utf8' })
}

function report(way: string, shape: Shape, results: Measurement[]): void {
  const { bytes, transactions } = results[0]!
  const rates = (key: 'milliseconds' | 'cpuMilliseconds') => {
    const sorted = results.map((result) => Math.round(bytes / megabytes / (result[key] / 1000))).toSorted((a, b) => a - b)
    return `${sorted[rounds >> 1]} MB/s (${sorted[0]} to ${sorted.at(-1)})`
  }
  const peak = Math.max(...results.map(({ peakBytes }) => peakBytes)) / megabytes
  console.log(
    `${way} ${shape} (${shapes[shape]}): ${transactions} transactions, ${Math.round(bytes / megabytes)} MB, ` +
      `median ${rates('milliseconds')}, by processor time ${rates('cpuMilliseconds')}, peak memory ${Math.round(peak)} MB`,
  )
}

/** The one log file of a data directory. */
function logIn(dataDir: string): string {
  return join(dataDir, 'transactions', 'neo4j', 'neostore.transaction.db.0')
}

/** Writes a log file of kernel version 20, whose transactions form a chain of checksums. */
function makeLog(dataDir: string, shape: Shape, size: number): void {
  const bodies = shape === 'small' ? smallBodies() : [Buffer.concat(repeat(smallBodies(), 3 * megabytes))]
  mkdirSync(join(dataDir, 'transactions', 'neo4j'), { recursive: true })
  const file = openSync(logIn(dataDir), 'w')
  let written = writeSync(file, headerBytes())
  let checksum: number | undefined
  for (let id = 2; written < size;) {
    const batch = chainBytes(
      repeat(bodies, 1).map((body) => ({ kernelVersion: 20, body })),
      id,
      checksum,
    )
    id += batch.length
    checksum = batch.at(-1)!.readUInt32LE(batch.at(-1)!.length - 4)
    written += writeSync(file, Buffer.concat(batch))
  }
  closeSync(file)
}

/** The commands of real transactions. */
function smallBodies(): Buffer[] {
  const file = 'neo4j/neostore.transaction.db.0'
  const bytes = fixture(`5.26.30/${file}`)
  const whole = expectedFiles('5.26.30')[file]!.transactions!.map(({ offset, end }) => bytes.subarray(offset + 34, end - 22))
  return whole.filter(({ length }) => length > 194 && length < 1144)
}

/** The buffers again and again until they hold at least so many bytes. */
function repeat(buffers: Buffer[], bytes: number): Buffer[] {
  const result: Buffer[] = []
  for (let length = 0; length < bytes;) {
    for (const buffer of buffers) result.push(buffer)
    length += buffers.reduce((sum, buffer) => sum + buffer.length, 0)
  }
  return result
}

async function measured(work: () => Promise<Pick<Measurement, 'bytes' | 'transactions'>>): Promise<Measurement> {
  const began = performance.now()
  const cpuBegan = process.cpuUsage()
  const done = await work()
  const milliseconds = performance.now() - began
  const cpu = process.cpuUsage(cpuBegan)
  const peakBytes = process.resourceUsage().maxRSS * 1024
  return { ...done, milliseconds, cpuMilliseconds: (cpu.user + cpu.system) / 1000, peakBytes }
}

/** Verifies every transaction. */
async function read(path: string) {
  await using file = await open(path)
  const chunk = Buffer.allocUnsafe(1024 * 1024)
  const { bytesRead } = await file.read(chunk, 0, logHeaderLength, 0)
  const header = readLogFileHeader(chunk.subarray(0, bytesRead), path)!
  const scanner = new TransactionScanner({ header })
  let bytes = logHeaderLength
  let transactions = 0
  const count = () => transactions++
  for (;;) {
    const { bytesRead: length } = await file.read(chunk, 0, chunk.length, bytes)
    if (length === 0) break
    bytes += length
    scanner.push(chunk.subarray(0, length), count)
  }
  const end = scanner.end(count)
  if (end.reason !== 'exact') throw new Error(`the log ends ${end.reason} at ${end.end}`)
  return { bytes, transactions }
}

/** Verifies, decodes and tells every transaction, as `holdfast log show --label` does. */
async function show(dataDir: string) {
  const source = liveLog({ dataDir, database: 'neo4j' }, new AbortController().signal)
  const options = { criteria: { label: 'Nobody' }, limit: 1000, details: false, progress: silent }
  const { read: done } = await showLog(source, options)
  if (done.undecoded > 0) throw new Error(`${done.undecoded} transactions were not decoded`)
  return { bytes: done.bytes, transactions: done.transactions }
}

await main(process.argv.slice(2))
