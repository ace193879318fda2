import { globSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lifecycleRules, tiers } from '../../src/lifecycle/rules.ts'
import { terraform } from '../../src/lifecycle/terraform.ts'
import { policiesFolder, policy } from '../support/awsRoles.ts'
import { goTool } from '../support/goTool.ts'
import { awsTools, pythonTools } from '../support/pythonTools.ts'
import { kmsKeyId, startMinio } from '../support/s3Servers.ts'

const hclfmt = { name: 'hclfmt', package: 'github.com/hashicorp/hcl/v2/cmd/hclfmt', version: 'v2.24.0' }
const project = join(import.meta.dirname, '../..')
const deploy = join(project, 'deploy/aws')
const policyNames = globSync('*.json', { cwd: policiesFolder })
  .map((file) => basename(file, '.json'))
  .toSorted()
const values = {
  bucket: 'example-prod-neo4j-backups',
  prefix: 'exports',
  account: '111122223333',
  region: 'eu-central-1',
  key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  repository: 'example/backups',
  branch: 'main',
}

let folder: string
let bin: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-deploy-'))
  bin = await pythonTools(awsTools)
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

/** What parliament finds in a policy. */
async function findings(document: string): Promise<string[]> {
  const { stdout } = await execa(join(bin, 'parliament'), ['--json', '--minimum_severity', 'LOW'], {
    input: document,
    reject: false,
  })
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { issue: string }).issue]))
}

describe('the policies', () => {
  const accepted: Record<string, string[]> = {
    // It would rather compare the key as an ARN, which MinIO, where the policy is tried, does not know.
    bucket: ['MISMATCHED_TYPE_BUT_USABLE'],
    // Whoever may set the lifecycle may have everything deleted: the page says so.
    lifecycle: ['RESOURCE_POLICY_PRIVILEGE_ESCALATION'],
  }
  test.each(policyNames)('%s.json has no placeholder that is not known, and no action of all', (name) => {
    const { Statement } = JSON.parse(policy(name, values)) as {
      Statement: { Effect: string; Action: unknown; Resource?: unknown }[]
    }
    expect(policy(name, values)).not.toContain('${')
    for (const { Action, Resource } of Statement.filter(({ Effect }) => Effect === 'Allow')) {
      expect(JSON.stringify(Action)).not.toContain('*')
      expect(Resource).not.toBe('*')
    }
  })

  // It knows the actions of AWS, what each is about, and the conditions that it takes.
  test.each(policyNames.filter((name) => name !== 'trust-github'))('%s.json passes parliament', async (name) => {
    expect(await findings(policy(name, values))).toEqual(accepted[name] ?? [])
  })

  test('parliament finds an action that does not exist', async () =>
    expect(await findings(policy('upload', values).replace('s3:PutObject', 's3:PutObjekt'))).toEqual(['UNKNOWN_ACTION']))

  test('trust-github.json trusts one branch of one repository, and tokens for AWS only', () => {
    const { Statement } = JSON.parse(policy('trust-github', values)) as { Statement: { Condition: object }[] }
    expect(Statement).toHaveLength(1)
    expect(Statement[0]?.Condition).toEqual({
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': 'repo:example/backups:ref:refs/heads/main',
      },
    })
  })
})

describe('the lifecycles are what `holdfast s3 lifecycle` prints', () => {
  const wanted = [
    ...Object.entries(tiers).map(
      ([tier, days]) => [tier, lifecycleRules({ prefix: 'exports', days, noncurrentDays: 7 })] as const,
    ),
    ['repository', lifecycleRules({ prefix: 'repository', days: undefined, noncurrentDays: 30 })] as const,
  ]
  test.each(wanted)('%s', (name, rules) => {
    const read = (extension: string): string => readFileSync(join(deploy, `lifecycle/${name}.${extension}`), 'utf8')
    expect(JSON.parse(read('json'))).toEqual({ Rules: rules })
    expect(read('tf')).toContain(terraform(rules, undefined).split('\n').slice(1).join('\n'))
  })
})

/** What the formatter that `terraform fmt` is built on finds in a text. */
async function formatted(text: string): Promise<string> {
  const found = await execa(await goTool(hclfmt), ['-check', '-require-no-change'], { input: text, reject: false })
  return found.stderr
}

describe('Terraform', () => {
  const files = globSync('**/*.tf', { cwd: deploy }).toSorted()

  test('is well formed', async () => {
    const parse = 'import hcl2, sys\nfor name in sys.argv[1:]:\n  with open(name) as f: assert hcl2.load(f), name'
    await execa(join(bin, 'python'), ['-c', parse, ...files.map((file) => join(deploy, file))])
    expect(files).toContain('terraform/main.tf')
  })

  test.each(files)('%s is formatted', async (file) => expect(await formatted(readFileSync(join(deploy, file), 'utf8'))).toBe(''))

  test.each([
    ['of exports', lifecycleRules({ prefix: 'exports', days: 30, noncurrentDays: 7 }), undefined],
    ['of a repository', lifecycleRules({ prefix: 'repository', days: undefined, noncurrentDays: 30 }), 'my-bucket'],
    ['of a whole bucket', lifecycleRules({ prefix: '', days: 1, noncurrentDays: 1 }), 'my-bucket'],
    ['with a prefix full of signs', lifecycleRules({ prefix: '${a}/%{b}/"c"\\d', days: 30, noncurrentDays: 7 }), 'my-bucket'],
  ])('that `holdfast s3 lifecycle` prints %s is formatted', async (_, rules, bucket) =>
    expect(await formatted(`${terraform(rules, bucket, ['what it says of ${this}'])}\n`)).toBe(''),
  )

  test.each([
    ['an equals sign that is out of line', 'x = 1\nyy = 2\n', /were changed/],
    ['a block that does not end', 'rule {\n', /Unclosed configuration block/],
    ['a template that does not end', 'x = "${y"\n', /Error: /],
  ])('%s is found', async (_, text, found) => expect(await formatted(text)).toMatch(found))

  test('fills in every placeholder of the policies that it uses, and makes the same lifecycle', () => {
    const text = files
      .filter((file) => file.startsWith('terraform/'))
      .map((file) => readFileSync(join(deploy, file), 'utf8'))
      .join('\n')
    const used = [...text.matchAll(/local\.policies}\/([\w-]+)\.json"/g)].map((match) => match[1]!)
    expect([...new Set(used)].toSorted()).toEqual(policyNames.filter((name) => name !== 'lifecycle'))
    for (const key of Object.keys(values)) expect(text).toMatch(new RegExp(`^ {4}${key} += `, 'm'))
    const module = terraform(lifecycleRules({ prefix: 'X', days: 1, noncurrentDays: 7 }), 'b')
      .replaceAll('X', '${var.prefix}')
      .replace('= 1\n', '= var.retention_days\n')
    const repository = terraform(lifecycleRules({ prefix: 'X', days: undefined, noncurrentDays: 30 }), 'b').replaceAll(
      'X',
      '${var.repository_prefix}',
    )
    for (const made of [module, repository]) expect(text).toContain(made.slice(made.indexOf('\n  rule {'), -2))
  })
})

describe('create-bucket.sh', () => {
  const script = join(deploy, 'create-bucket.sh')
  const order = {
    BUCKET: 'made-here',
    REGION: 'us-east-1',
    KEY_ARN: `arn:aws:kms:${kmsKeyId}`,
    LOCK_MODE: 'GOVERNANCE',
    LOCK_DAYS: '1',
  }

  test('makes a bucket with the AWS command line, and may run again', async () => {
    await using server = await startMinio(folder)
    const { endpoint = '' } = server.options
    const env = {
      ...server.environment,
      ...order,
      AWS_ENDPOINT_URL: endpoint,
      LIFECYCLE: join(deploy, 'lifecycle/prod.json'),
      PATH: `${bin}:${process.env['PATH']}`,
    }
    for (let run = 0; run < 2; run++) await execa(script, { env })
    const Bucket = order.BUCKET
    expect(await server.client.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Enabled' })
    expect(await server.client.send(new GetObjectLockConfigurationCommand({ Bucket }))).toMatchObject({
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } },
    })
    const { ServerSideEncryptionConfiguration } = await server.client.send(new GetBucketEncryptionCommand({ Bucket }))
    expect(ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm).toBe('aws:kms')
    const { Policy = '' } = await server.client.send(new GetBucketPolicyCommand({ Bucket }))
    expect(JSON.parse(Policy)).toMatchObject({
      Statement: [{ Sid: 'OnlyOverTls' }, { Sid: 'NoOtherEncryption' }, { Sid: 'NoOtherKey' }, { Sid: 'NoKeyOfTheSender' }],
    })
    const { Rules = [] } = await server.client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    expect(Rules.map(({ ID }) => ID)).toEqual(['holdfast-expire:exports', 'holdfast-markers:exports'])
  })

  test('does not call a bucket ready that was there before without object lock', async () => {
    await using server = await startMinio(folder)
    const env = {
      ...server.environment,
      ...order,
      BUCKET: await server.newBucket('without-lock', { versioned: true }),
      AWS_ENDPOINT_URL: server.options.endpoint,
      LOCK_MODE: '',
      PATH: `${bin}:${process.env['PATH']}`,
    }
    const { exitCode, stdout, stderr } = await execa(script, { env, reject: false })
    expect(exitCode, stderr).toBe(1)
    expect(stderr).toMatch(/bucket without-lock has no object lock/)
    expect(stdout).not.toContain('is ready')
    const locked = await server.newBucket('with-lock', { locked: true })
    expect((await execa(script, { env: { ...env, BUCKET: locked } })).stdout).toContain('bucket with-lock is ready')
  })

  test('closes it to the public on AWS, before anything else', async () => {
    const log = join(folder, 'asked')
    await writeFile(join(folder, 'aws'), `#!/bin/sh\necho "$*" >> ${log}\n[ "$4" != head-bucket ]\n`)
    await chmod(join(folder, 'aws'), 0o755)
    const { AWS_ENDPOINT_URL: _, ...rest } = process.env
    await execa(script, {
      env: { ...rest, ...order, REGION: 'eu-central-1', PATH: `${folder}:${process.env['PATH']}` },
      extendEnv: false,
    })
    const asked = (await readFile(log, 'utf8')).split('\n')
    expect(asked.slice(1, 4)).toEqual([
      '--region eu-central-1 s3api create-bucket --bucket made-here --object-lock-enabled-for-bucket --create-bucket-configuration LocationConstraint=eu-central-1',
      '--region eu-central-1 s3api put-public-access-block --bucket made-here --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true',
      '--region eu-central-1 s3api put-bucket-ownership-controls --bucket made-here --ownership-controls Rules=[{ObjectOwnership=BucketOwnerEnforced}]',
    ])
  })
})
