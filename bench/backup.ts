import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '../src/repository/manifest.ts'
import { LiveStore } from './liveStore.ts'
import { compare, comparisonTable, measure } from './measure.ts'
import { benchStore, changeOnePercent, writeAdminScript } from './store.ts'
import { requireTools } from './tools.ts'

// Backup and restore of a store of about 1 GB against what people use today: `node bench/backup.ts [rounds] [nodes]`.
// All of them run in turn on the same files. What cannot copy a database that runs has to stop it, and that is part of its time.

const [rounds = '3', nodes = '1500000'] = process.argv.slice(2)
requireTools('/usr/bin/time', 'restic', 'zstd')

const store = await benchStore(Number(nodes))
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const holdfast = `${process.execPath} ${join(import.meta.dirname, '..', 'dist', 'main.js')}`
const at = (name: string): string => join(folder, name)
const backup = (from: string, repo: string): string =>
  `${holdfast} backup create --data-dir ${from} --repo ${repo} --uri bolt://127.0.0.1:1 --json`
const newRepository = (repo: string): string => `rm -rf ${repo}; ${holdfast} repo init --repo ${repo} >/dev/null`
const restic = `RESTIC_PASSWORD=bench restic -q --no-cache -r ${at('restic')}`

try {
  await using live = await LiveStore.copy(store, at('live'))
  const { dataDir, running, stopped, stopCommand } = live
  const admin = await writeAdminScript(store, at('admin'), dataDir)
  const size = Number(execFileSync('du', ['-sb', dataDir], { encoding: 'utf8' }).split('\t')[0])
  print(
    `A store of ${(size / 1e9).toFixed(2)} GB: ${store.nodes} nodes with text, ${2 * store.nodes} relationships; medians of ${rounds} rounds.`,
  )

  print('\n### A full backup\n')
  print(
    comparisonTable(
      await compare(
        [
          {
            name: 'holdfast backup create, while Neo4j runs',
            needs: running,
            before: newRepository(at('repo')),
            command: `${backup(dataDir, at('repo'))} > ${at('full.json')}`,
          },
          {
            name: 'stop Neo4j, neo4j-admin database dump',
            needs: running,
            before: `rm -rf ${at('dump')}; mkdir ${at('dump')}`,
            command: `${stopCommand}; ${admin} database dump neo4j --to-path=${at('dump')}`,
          },
          {
            name: 'stop Neo4j, restic backup',
            needs: running,
            before: `rm -rf ${at('restic')}; ${restic} init`,
            command: `${stopCommand}; ${restic} backup ${dataDir}`,
          },
          {
            name: 'holdfast backup create, of a stopped one',
            needs: stopped,
            before: newRepository(at('repo')),
            command: `${backup(dataDir, at('repo'))} > ${at('full.json')}`,
          },
          {
            name: 'tar \\| zstd -1 -T2',
            needs: stopped,
            command: `tar cf - -C ${dataDir} . | zstd -1 -T2 -q -f -o ${at('tar.zst')}; sync ${at('tar.zst')}`,
          },
          {
            name: 'read once: tar \\| cat',
            command: `tar cf - -C ${dataDir} . | cat > /dev/null`,
          },
          { name: 'cp -r', before: `rm -rf ${at('copy')}`, command: `cp -r ${dataDir} ${at('copy')}; sync -f ${at('copy')}` },
          {
            name: 'neo4j-admin database dump',
            before: `rm -rf ${at('dump')}; mkdir ${at('dump')}`,
            command: `${admin} database dump neo4j --to-path=${at('dump')}`,
          },
          { name: 'restic backup', before: `rm -rf ${at('restic')}; ${restic} init`, command: `${restic} backup ${dataDir}` },
        ],
        Number(rounds),
      ),
    ),
  )
  const full = await manifest(at('full.json'))
  print(
    `\nStored: holdfast ${mb(full.totals.storedBytes)}, tar \\| zstd ${du(at('tar.zst'))}, dump ${du(at('dump'))}, restic ${du(at('restic'))}.`,
  )

  print('\n### A restore\n')
  const loaded = await writeAdminScript(store, at('loading'), at('loaded'))
  print(
    comparisonTable(
      await compare(
        [
          {
            name: 'holdfast restore start --skip-checks',
            before: `rm -rf ${at('restored')}*`,
            command: `${holdfast} restore start --skip-checks --quiet --repo ${at('repo')} --to-dir ${at('restored')}`,
          },
          {
            name: 'zstd -d \\| tar x',
            before: `rm -rf ${at('untar')}; mkdir ${at('untar')}`,
            command: `zstd -dc ${at('tar.zst')} | tar xf - -C ${at('untar')}; sync -f ${at('untar')}`,
          },
          {
            name: 'neo4j-admin database load',
            before: `rm -rf ${at('loaded')}; mkdir ${at('loaded')}`,
            command: `${loaded} database load neo4j --from-path=${at('dump')} --overwrite-destination=true`,
          },
          {
            name: 'restic restore',
            before: `rm -rf ${at('resticked')}`,
            command: `${restic} restore latest --target ${at('resticked')}; sync -f ${at('resticked')}`,
          },
        ],
        Number(rounds),
      ),
    ),
  )
  for (const name of ['restored', 'untar', 'loaded', 'resticked', 'copy']) await rm(at(name), { recursive: true, force: true })

  print('\n### A second backup, after 1 % of the nodes got a new number\n')
  print('| which nodes | holdfast: new blocks | stored | part of the full | time | restic stored |')
  print('|---|---|---|---|---|---|')
  for (const where of ['random', 'together'] as const) {
    const changed = at(`changed-${where}`)
    await cp(dataDir, changed, { recursive: true })
    await changeOnePercent(store, changed, where)
    await rm(at('repo2'), { recursive: true, force: true })
    await cp(at('repo'), at('repo2'), { recursive: true })
    const run = await measure(`${backup(changed, at('repo2'))} > ${at('second.json')}`)
    const { totals } = await manifest(at('second.json'))
    await rm(at('restic'), { recursive: true, force: true })
    const [before, after] = await resticGrowth(dataDir, changed)
    const part = ((totals.storedBytes / full.totals.storedBytes) * 100).toFixed(2)
    print(
      `| ${where} | ${totals.newBlocks} | ${mb(totals.storedBytes)} | ${part} % | ${run.seconds.toFixed(2)} s | ${mb(after - before)} |`,
    )
    await rm(changed, { recursive: true, force: true })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function resticGrowth(dataDir: string, changed: string): Promise<[number, number]> {
  await measure(`${restic} init; cd ${dataDir}; ${restic} backup .`)
  const before = bytes(at('restic'))
  await measure(`cd ${changed}; ${restic} backup .`)
  return [before, bytes(at('restic'))]
}

async function manifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(path, 'utf8')) as Manifest
}

function bytes(path: string): number {
  return Number(execFileSync('du', ['-sb', path], { encoding: 'utf8' }).split('\t')[0])
}

function du(path: string): string {
  return mb(bytes(path))
}

function mb(size: number): string {
  return `${(size / 1e6).toFixed(1)} MB`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
