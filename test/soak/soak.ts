import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installed } from '../support/neo4j.ts'
import { runSoak } from './run.ts'
import { tallyText } from './tally.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    version: { type: 'string', default: 'lts' },
    seed: { type: 'string', default: String(Date.now()) },
    dir: { type: 'string', default: tmpdir() },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: expected a positive number`)

const say = (line: string): void => console.log(line)
const installation = await installed(values.version)
const folder = await mkdtemp(join(values.dir, 'holdfast-soak-'))
say(`soak of ${minutes} minutes on Neo4j ${installation.version}, seed ${values.seed}, in ${folder}`)
const tally = await runSoak({ minutes, seed: values.seed, installation, folder, say })
say(tallyText(tally))
process.exitCode = tally.failures === 0 ? 0 : 1
