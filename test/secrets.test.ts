import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const project = join(import.meta.dirname, '..')
const secret = ['correct', 'horse', 'battery'].join('-')
const accessKey = ['AKIA', 'Z7Q4MB3XK2TPLW6D'].join('')
const secretKey = ['wJ4rXUtnF3MI', 'K7MDENGbPxRfiCYzzKeYab9d', 'Qx1Z'].join('/')

const webhook = ['https://hooks.slack.com', 'services/T0AB12CD3/B0AB12CD3/abcdefghijklmnopqrst'].join('/')

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-secrets-'))
  for (const name of ['.secretlintrc.json', '.secretlintignore']) copyFileSync(join(project, name), join(root, name))
  cpSync(join(project, '.githooks'), join(root, '.githooks'), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
})
afterEach(() => rmSync(root, { recursive: true }))

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

// The words of the script `secrets` in package.json, which `npm run check` runs.
const { scripts } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const words = scripts['secrets']!.replaceAll("'", '').split(' ').slice(1)
const scan = async () => execa(join(project, 'node_modules/.bin/secretlint'), words, { cwd: root, reject: false, all: true })
const git = async (...args: string[]) =>
  execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], { cwd: root, reject: false, all: true })

test('npm run check looks for secrets', () => expect(scripts['check']).toContain('npm run secrets'))

describe('a planted secret is found, and not printed', () => {
  test.each<[what: string, path: string, text: string, secret: string]>([
    ['a password in a file for the shell', 'deploy/.env', `NEO4J_PASSWORD=${secret}\n`, secret],
    ['a password in YAML', 'compose.yaml', `environment:\n  NEO4J_PASSWORD: "${secret}"\n`, secret],
    ['a password in source', 'src/x.ts', `const env = { NEO4J_PASSWORD: '${secret}' }\n`, secret],
    ['a password in JSON', 'x.json', `{ "NEO4J_PASSWORD": "${secret}" }\n`, secret],
    ['a user with a password', 'docker/run.sh', `docker run -e NEO4J_AUTH=neo4j/${secret} neo4j\n`, secret],
    ['a password in source, in brackets', 'src/y.ts', `process.env['NEO4J_PASSWORD'] = '${secret}'\n`, secret],
    ['a password for Kubernetes', 'k8s.yaml', `  - name: NEO4J_PASSWORD\n    value: ${secret}\n`, secret],
    ['an incoming webhook of Slack', 'slack.env', `SLACK_WEBHOOK_URL=${webhook}\n`, webhook],
    ['a password in a folder with the name of one that is built', 'src/dist/x.env', `NEO4J_PASSWORD=${secret}\n`, secret],
    ['a passphrase', '.github/workflows/x.yml', `  HOLDFAST_PASSPHRASE: ${secret}\n`, secret],
    ['a key id of AWS', 'notes.txt', `id ${accessKey}\n`, accessKey],
    ['a secret key of AWS', 'credentials', `aws_secret_access_key = ${secretKey}\n`, secretKey],
    ['a session token of AWS', 'env.sh', `export AWS_SESSION_TOKEN="${secretKey.repeat(4)}"\n`, secretKey],
    [
      'a private key',
      'certs/key.pem',
      `-----BEGIN PRIVATE ${''}KEY-----\n${'MIIEvQIBADANBgkqhkiG'.repeat(8)}\n-----END PRIVATE ${''}KEY-----\n`,
      'MIIEvQIBADANBgkqhkiG',
    ],
  ])('%s', async (_, path, text, hidden) => {
    plant(path, text)
    const { exitCode, all } = await scan()
    expect(exitCode, all).toBe(1)
    expect(all).toContain(path)
    expect(all).not.toContain(hidden)
  })
})

test('what only names a secret is none', async () => {
  plant(
    'docs/page.md',
    [
      'export NEO4J_PASSWORD=$PASSWORD NEO4J_AUTH=neo4j/${PASSWORD} NEO4J_AUTH=none',
      'NEO4J_PASSWORD_FILE=/run/secrets/neo4j NEO4J_PASSWORD=<your password> HOLDFAST_PASSPHRASE=',
      'NEO4J_PASSWORD: ${{ secrets.NEO4J_PASSWORD }}',
      "const password = process.env['NEO4J_PASSWORD']",
      'AWS_SECRET_ACCESS_KEY=$KEY',
    ].join('\n'),
  )
  expect(await scan()).toMatchObject({ exitCode: 0 })
})

describe('the hook', () => {
  beforeEach(async () => {
    await git('init', '-q')
    await git('config', 'core.hooksPath', scripts['hooks']!.split(' ').at(-1)!)
  })

  test('refuses a commit of a secret, and one that was taken out of the file but not of the commit', async () => {
    plant('a.env', `NEO4J_PASSWORD=${secret}\n`)
    await git('add', 'a.env')
    const refused = await git('commit', '-m', 'x')
    expect(refused.exitCode).not.toBe(0)
    expect(refused.all).toMatch(/a\.env[^]*docs\/secrets\.md/)
    expect(refused.all).not.toContain(secret)
    plant('a.env', 'NEO4J_PASSWORD=\n')
    expect((await git('commit', '-m', 'x')).exitCode).not.toBe(0)
    await git('add', 'a.env')
    expect(await git('commit', '-m', 'x')).toMatchObject({ exitCode: 0 })
  })

  test('lets through what has none, and does not look at what is not staged', async () => {
    plant('a.env', `NEO4J_PASSWORD=${secret}\n`)
    plant('a b.txt', 'nothing\n')
    await git('add', 'a b.txt')
    expect(await git('commit', '-m', 'x')).toMatchObject({ exitCode: 0 })
    await git('rm', '-q', 'a b.txt')
    expect(await git('commit', '-m', 'x')).toMatchObject({ exitCode: 0 })
  })
})
