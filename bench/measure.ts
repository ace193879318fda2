import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** One run of a command, as the operating system accounts for it. */
export interface Run {
  seconds: number
  /** User and system time of all its processes. */
  cpuSeconds: number
  /** Bytes, of the largest process. */
  peakMemory: number
}

/** Runs a shell command under GNU time. @throws where it fails, with what it printed. */
export async function measure(command: string): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  const report = join(folder, 'time')
  try {
    await execute('/usr/bin/time', ['-o', report, '-f', '%e %U %S %M', 'bash', '-euo', 'pipefail', '-c', command], {
      maxBuffer: 1 << 28,
    })
    const [wall, user, system, peak] = (await readFile(report, 'utf8')).trim().split('\n').at(-1)!.split(' ').map(Number)
    return { seconds: wall!, cpuSeconds: user! + system!, peakMemory: peak! * 1024 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A command to compare, and what has to be done before each run of it, unmeasured. */
export interface Contender {
  name: string
  command: string
  before?: string
  /** Brings a server to the state in which this one wants to find it. */
  needs?: () => Promise<void>
}

/**
 * Runs contenders in turn, A B C A B C …, so that all of them meet the same noise; a first round is not counted.
 * @returns for each the run with the median time.
 */
export async function compare(contenders: readonly Contender[], rounds: number): Promise<Map<string, Run>> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, command, before, needs } of contenders) {
      await needs?.()
      if (before) await execute('bash', ['-euo', 'pipefail', '-c', before], { maxBuffer: 1 << 28 })
      await execute('sync')
      const run = await measure(command)
      process.stderr.write(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name}  ${run.seconds.toFixed(2)} s\n`)
      if (round > 0) runs.get(name)!.push(run)
    }
  }
  return new Map([...runs].map(([name, measured]) => [name, median(measured)]))
}

function median(runs: Run[]): Run {
  return runs.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(runs.length / 2)]!
}

/** A table of times, each with its ratio to the first. */
export function comparisonTable(results: Map<string, Run>): string {
  const [[, first]] = [...results] as [[string, Run]]
  const rows = [...results].map(
    ([name, { seconds, cpuSeconds, peakMemory }]) =>
      `| ${name} | ${seconds.toFixed(2)} s | ${(seconds / first.seconds).toFixed(2)} | ${cpuSeconds.toFixed(1)} s | ${Math.round(peakMemory / 1e6)} MB |`,
  )
  return ['| | time | ratio | processor time | peak memory |', '|---|---|---|---|---|', ...rows].join('\n')
}
