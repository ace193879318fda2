import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DemoReport } from '../../src/demo/demoReport.ts'
import { type Outcome, resultOf, startHoldfast, succeed } from '../support/holdfast.ts'
import { cacheDir, withFolder } from '../support/neo4j.ts'

/** Runs the demo with a folder of its own for what is temporary. */
async function demo(temporary: string, ...words: string[]): Promise<DemoReport> {
  await mkdir(temporary)
  const inside = ['env', `TMPDIR=${temporary}`]
  const run = startHoldfast(['demo', '--cache-dir', cacheDir, ...words], { inside, limit: 9 * 60_000 })
  return resultOf((await run.outcome) as Outcome<DemoReport>)
}

test('[demo.proof] the demo is good, and leaves nothing behind', async () =>
  withFolder('demo', async (folder) => {
    const temporary = join(folder, 'tmp')
    const report = await demo(temporary, '--entities', '5000')
    expect(report).toMatchObject({ verdict: 'good', restore: { verdict: 'good' } })
    expect(report).not.toHaveProperty('directory')
    expect(await readdir(temporary)).toEqual([])
  }))

test('[demo.proof] what it made is left to look at in the directory it is given, and nowhere else', async () =>
  withFolder('demo-data', async (folder) => {
    const [temporary, directory] = [join(folder, 'tmp'), join(folder, 'data')]
    const report = await demo(temporary, '--entities', '100', '--data', directory)
    expect(report).toMatchObject({ verdict: 'good', directory })
    expect(await readdir(temporary)).toEqual([])

    const repo = join(directory, 'repository')
    expect(await succeed('backup', 'validate', '--repo', repo)).toMatchObject({
      verdict: 'good',
      backups: report.backups.map(({ id }) => ({ id, verdict: 'good' })),
    })
    expect(await succeed('archive', 'validate', '--repo', repo)).toMatchObject({ verdict: 'good' })
    for (const data of ['restored-data', 'before-the-mistake'])
      expect(await readdir(join(directory, data, 'databases/neo4j'))).toContain('neostore')
    expect(await readdir(directory)).not.toContain('neo4j-data')
  }))
