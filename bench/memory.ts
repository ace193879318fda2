import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from './measure.ts'
import { benchStore } from './store.ts'

// Peak memory of backup, second backup and restore by the size of the store: `node bench/memory.ts [nodes …]`.

const sizes = process.argv.slice(2).map(Number)
const holdfast = `${process.execPath} ${join(import.meta.dirname, '..', 'dist', 'main.js')}`

process.stdout.write('| nodes | backup | second backup | validate | restore |\n|---|---|---|---|---|\n')
for (const nodes of sizes.length > 0 ? sizes : [135_000, 1_500_000, 5_500_000]) {
  const { dataDir } = await benchStore(nodes)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  try {
    const repo = join(folder, 'repo')
    const backup = `${holdfast} backup create --data-dir ${dataDir} --repo ${repo} --uri bolt://127.0.0.1:1 --quiet`
    await measure(`${holdfast} repo init --repo ${repo}`)
    const peaks = []
    for (const command of [
      backup,
      backup,
      `${holdfast} backup validate --quiet --repo ${repo}`,
      `${holdfast} restore start --skip-checks --quiet --repo ${repo} --to-dir ${join(folder, 'restored')}`,
    ]) {
      peaks.push(`${Math.round((await measure(command)).peakMemory / 1e6)} MB`)
    }
    process.stdout.write(`| ${nodes} | ${peaks.join(' | ')} |\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
