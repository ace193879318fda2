import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ActProject, actProject } from '../support/act.ts'
import { goTool } from '../support/goTool.ts'
import { awsTools, pythonTools } from '../support/pythonTools.ts'

const project = join(import.meta.dirname, '../..')
const workflow = '.github/workflows/neo4j-backup-sync.yml'
const actionlint = { name: 'actionlint', package: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' }
const nightly = '17 2 * * *'
const weekly = '41 4 * * 0'

interface Job {
  if: string
  permissions: object
  'timeout-minutes': number
  steps: { name?: string; env?: Record<string, string>; with?: Record<string, unknown> }[]
}

describe('the workflow', () => {
  const text = readFileSync(join(project, workflow), 'utf8')
  const { on, permissions, concurrency, jobs } = parse(text) as {
    on: { schedule: { cron: string }[] }
    permissions: object
    concurrency: object
    jobs: Record<string, Job>
  }

  test('passes actionlint', async () => {
    const { exitCode, stdout } = await execa(await goTool(actionlint), ['-no-color', '-shellcheck=', '-pyflakes='], {
      cwd: project,
      reject: false,
    })
    expect(stdout).toBe('')
    expect(exitCode).toBe(0)
  })

  test('passes zizmor, which looks for holes', async () => {
    const { exitCode, all } = await execa(
      join(await pythonTools(awsTools), 'zizmor'),
      ['--offline', '--no-progress', '.github'],
      { cwd: project, reject: false, all: true },
    )
    expect(exitCode, all).toBe(0)
  })

  test('pins every action by a commit, and says which version that is', () => {
    const files = globSync('.github/**/*.yml', { cwd: project }).map((file) => readFileSync(join(project, file), 'utf8'))
    const uses = files
      .flatMap((file) => [...file.matchAll(/uses: (.*)/g)].map((match) => match[1]!))
      .filter((used) => !used.startsWith('./'))
    expect(uses.length).toBeGreaterThan(5)
    expect(uses.filter((used) => !/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used))).toEqual([])
  })

  test('has no right but to read the source and to ask for a token, runs once at a time and not for ever', () => {
    expect(permissions).toEqual({})
    expect(concurrency).toMatchObject({ 'cancel-in-progress': false })
    for (const job of Object.values(jobs)) {
      expect(job.permissions).toEqual({ contents: 'read', 'id-token': 'write' })
      expect(job['timeout-minutes']).toBeGreaterThan(0)
    }
  })

  test('takes a role for as long as a job may run, which the role allows', () => {
    for (const { steps, 'timeout-minutes': minutes } of Object.values(jobs)) {
      const role = steps.find(({ name }) => name === 'Take the role')
      expect(role?.with?.['role-duration-seconds']).toBeGreaterThanOrEqual(minutes * 60)
      expect(readFileSync(join(project, 'deploy/aws/terraform/roles.tf'), 'utf8')).toContain(
        `max_session_duration = ${String(role?.with?.['role-duration-seconds'])}\n`,
      )
    }
  })

  test('hands the lock that is asked for to what writes into the repository, and not to the upload, whose role may not lock', () => {
    const locking = jobs['backup']!.steps.filter(({ env = {} }) => 'HOLDFAST_OBJECT_LOCK' in env)
    expect(locking.map(({ name }) => name)).toEqual(['Back up'])
    expect(locking[0]!.env).toMatchObject({
      HOLDFAST_OBJECT_LOCK: '${{ vars.HOLDFAST_OBJECT_LOCK }}',
      HOLDFAST_OBJECT_LOCK_DAYS: '${{ vars.HOLDFAST_OBJECT_LOCK_DAYS }}',
    })
  })

  test('has one job for each schedule', () => {
    expect(on.schedule.map(({ cron }) => cron)).toEqual([nightly, weekly])
    expect(Object.values(jobs).map((job) => [nightly, weekly].filter((cron) => job.if.includes(cron)))).toEqual([
      [nightly],
      [weekly],
    ])
  })
})

describe('a run', () => {
  let folder: string
  let runs: ActProject

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-workflow-'))
    runs = await actProject(folder, workflow, { 'actions/upload-artifact': `ls "$RUNNER_TEMP/logs" > ${folder}/kept\n` })
  })
  afterAll(async () => rm(folder, { recursive: true, force: true }))

  const dispatch = (inputs: object) => ({ name: 'workflow_dispatch', payload: { inputs } })

  test('by hand is a dry run, with no secret and no credentials', async () => {
    const { succeeded, steps, output } = await runs.run(
      workflow,
      dispatch({ task: 'backup', dry_run: true, verify: false, database: 'people', format: 'backup.gz' }),
    )
    expect(succeeded, output).toBe(true)
    expect(steps).toEqual(expect.arrayContaining(['Back up', 'Export', 'Upload', 'Verify that it restores', 'Sum up']))
    for (const live of [
      'Check what is configured',
      'Take the role',
      'Tell Slack',
      'Keep the logs of a failure',
      'Find the newest upload',
    ]) {
      expect(steps).not.toContain(live)
    }
    expect(output).toContain('would run: holdfast backup export latest --database people --format backup.gz')
    expect(output).toContain('"uri": "s3://dry-run/exports/people-dry-run.backup.gz"')
    expect(output).toMatch(/Dry run, nothing was backed up or sent: success, s3:\/\/dry-run\/exports\/people-dry-run\.backup\.gz/)
  })

  test('of the week, where nothing is configured, is a dry run of the other job', async () => {
    const { succeeded, steps, output } = await runs.run(workflow, { name: 'schedule', payload: { schedule: weekly } })
    expect(succeeded, output).toBe(true)
    expect(steps).toEqual(expect.arrayContaining(['Find the newest upload', 'Verify that it restores']))
    expect(steps).not.toContain('Upload')
    expect(output).toContain('Dry run, nothing was restored: success, exports/neo4j-dry-run.dump')
  })

  test('that is live and lacks a variable fails at once, keeps its logs and tells Slack', async () => {
    const told: string[] = []
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => told.push(`${request.url} ${chunk}`))
      request.on('end', () => response.end('ok'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    try {
      const { succeeded, steps, output, summary } = await runs.run(workflow, {
        ...dispatch({ task: 'backup', dry_run: false }),
        variables: { BACKUP_LIVE: 'true', BACKUP_REGION: 'eu-central-1', BACKUP_S3_BUCKET: 'b' },
        secrets: { SLACK_WEBHOOK_URL: webhook },
      })
      expect(succeeded).toBe(false)
      // What a failed step prints is cut off by act where it ends before it is read; its summary never is.
      expect(summary).toContain('a live run needs the repository variable BACKUP_ROLE_ARN')
      expect(summary).toContain('a live run needs the repository variable HOLDFAST_REPO')
      expect(summary).not.toMatch(/variable (BACKUP_REGION|BACKUP_S3_BUCKET)/)
      expect(steps).toEqual(
        expect.arrayContaining(['Check what is configured', 'Keep the logs of a failure', 'Tell Slack', 'Remove what is left']),
      )
      for (const after of ['Take the role', 'Back up', 'Upload']) expect(steps).not.toContain(after)
      expect(told).toEqual([expect.stringMatching(/^\/hook \{"text":"Neo4j backup: failure, .*\/actions\/runs\//)])
      expect(output).not.toContain(webhook)
      expect(await readFile(join(folder, 'kept'), 'utf8')).toBe('')
    } finally {
      server.close()
    }
  })
})
