import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeData } from '../support/faultsData.ts'
import { atChange } from '../support/faultsMoment.ts'
import { resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

/** The nice value of each thread of a process. */
async function niceValues(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`)
  const stats = await Promise.all(threads.map(async (thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
  // Behind the name, which may hold spaces, nice is the 17th field.
  return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
}

test('[backup.gives-way] all threads of a backup have a lower priority than the database', async () =>
  withFolder('gives-way', async (folder) => {
    const dataDir = await makeData(folder, { ending: 'stopped', entities: 300 })
    const repo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    const words = ['backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo, '--max-rate', '3MB']
    const run = startHoldfast(words)
    using begun = atChange(join(repo, '.unfinished'), 4)
    await begun.reached
    const found = await niceValues(run.pid)
    expect(found.length).toBeGreaterThan(4)
    expect(Math.min(...found)).toBe(10)
    resultOf(await run.outcome)
  }))
