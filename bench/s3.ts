import { createHash, randomBytes } from 'node:crypto'
import { appendFile, link, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goTool } from '../test/support/goTool.ts'
import { mc, startMinio } from '../test/support/s3Servers.ts'
import { LiveStore } from './liveStore.ts'
import { compare, comparisonTable } from './measure.ts'
import { benchStore, writeAdminScript } from './store.ts'
import { requireTools } from './tools.ts'

// Uploads, backups and restores against what people use today, all on one MinIO on this machine: `node bench/s3.ts [rounds] [nodes]`.
// Needs Go, which builds MinIO and its client.

const [rounds = '3', nodes = '1500000'] = process.argv.slice(2)
requireTools('/usr/bin/time', 'restic', 'rclone', 'aws')

const store = await benchStore(Number(nodes))
const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
const holdfast = `${process.execPath} ${join(import.meta.dirname, '..', 'dist', 'main.js')}`
const at = (name: string): string => join(folder, name)
const loading = await writeAdminScript(store, at('loading'), at('loaded'))
const client = await goTool(mc)

try {
  await using live = await LiveStore.copy(store, at('live'))
  const admin = await writeAdminScript(store, at('admin'), live.dataDir)
  await using minio = await startMinio(folder, { kms: false })
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = minio.environment
  const endpoint = minio.options.endpoint!
  const host = endpoint.replace('http://', `http://${id}:${secret}@`)
  Object.assign(process.env, minio.environment, {
    AWS_DEFAULT_REGION: 'us-east-1',
    MC_HOST_bench: host,
    MC_CONFIG_DIR: at('mc'),
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Minio',
    RCLONE_CONFIG_BENCH_ENV_AUTH: 'true',
    RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
    RESTIC_PASSWORD: 'bench',
  })
  delete process.env['AWS_CA_BUNDLE']
  await minio.newBucket('bench')
  const digest = createHash('sha256')
  for (let count = 0; count < 16; count++) {
    const bytes = randomBytes(64 << 20)
    digest.update(bytes)
    await appendFile(at('file'), bytes)
  }
  await link(at('file'), at('exported'))
  const meta = { sha256: digest.digest('hex'), size: 16 * (64 << 20), database: 'neo4j', neo4j: store.installation.version }
  await writeFile(at('exported.meta'), JSON.stringify(meta))
  const empty = (prefix: string): string => `${client} rm -r --force --quiet bench/bench/${prefix} >/dev/null 2>&1 || true`

  print(`### A file of 1.07 GB that does not compress, into a bucket; medians of ${rounds} rounds\n`)
  const target = (name: string): string => `s3://bench/${name}/file`
  await table([
    {
      name: 'holdfast s3 upload',
      before: empty('holdfast'),
      command: `${holdfast} s3 upload --quiet --sse none --file ${at('file')} --bucket bench --prefix holdfast`,
    },
    {
      name: 'holdfast s3 upload, of what it exported',
      before: empty('exported'),
      command: `${holdfast} s3 upload --quiet --sse none --file ${at('exported')} --bucket bench --prefix exported`,
    },
    {
      name: 'aws s3 cp',
      before: empty('aws'),
      command: `aws --endpoint-url ${endpoint} s3 cp --quiet ${at('file')} ${target('aws')}`,
    },
    { name: 'mc cp', before: empty('mc'), command: `${client} cp --quiet ${at('file')} bench/bench/mc/file` },
    { name: 'rclone copyto', before: empty('rclone'), command: `rclone copyto ${at('file')} bench:bench/rclone/file` },
  ])

  print('\n### A full backup of the store into a bucket\n')
  const repo = 's3://bench/repo'
  const restic = `restic -q --no-cache -r s3:${endpoint}/bench/restic`
  await table([
    {
      name: 'holdfast backup create, while Neo4j runs',
      needs: live.running,
      before: `${empty('repo')}; ${holdfast} repo init --repo ${repo} >/dev/null`,
      command: `${holdfast} backup create --quiet --data-dir ${live.dataDir} --repo ${repo} --uri bolt://127.0.0.1:1`,
    },
    {
      name: 'stop Neo4j, neo4j-admin database dump, aws s3 cp',
      needs: live.running,
      before: `rm -rf ${at('dump')}; mkdir ${at('dump')}`,
      command: `${live.stopCommand}; ${admin} database dump neo4j --to-path=${at('dump')}; aws --endpoint-url ${endpoint} s3 cp --quiet ${at('dump')}/neo4j.dump s3://bench/dump/neo4j.dump`,
    },
    {
      name: 'stop Neo4j, restic backup',
      needs: live.running,
      before: `${empty('restic')}; ${restic} init`,
      command: `${live.stopCommand}; ${restic} backup ${live.dataDir}`,
    },
  ])

  print('\n### A restore of it from the bucket\n')
  await table([
    {
      name: 'holdfast restore start --skip-checks',
      before: `rm -rf ${at('restored')}*`,
      command: `${holdfast} restore start --skip-checks --quiet --repo ${repo} --to-dir ${at('restored')}`,
    },
    {
      name: 'aws s3 cp, neo4j-admin database load',
      before: `rm -rf ${at('loaded')} ${at('dump')}; mkdir ${at('loaded')} ${at('dump')}`,
      command: `aws --endpoint-url ${endpoint} s3 cp --quiet s3://bench/dump/neo4j.dump ${at('dump')}/neo4j.dump; ${loading} database load neo4j --from-path=${at('dump')} --overwrite-destination=true`,
    },
    {
      name: 'restic restore',
      before: `rm -rf ${at('resticked')}`,
      command: `${restic} restore latest --target ${at('resticked')}; sync -f ${at('resticked')}`,
    },
  ])
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function table(contenders: Parameters<typeof compare>[0]): Promise<void> {
  print(comparisonTable(await compare(contenders, Number(rounds))))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
