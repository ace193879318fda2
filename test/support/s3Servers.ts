import { mkdir, readFile } from 'node:fs/promises'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CreateBucketCommand, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3'
import { execa } from 'execa'
import { freePort } from '../../src/neo4j/freePort.ts'
import { connectS3 } from '../../src/storage/s3/client.ts'
import type { S3Options } from '../../src/storage/s3/options.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { goTool } from './goTool.ts'
import { s3Environment } from './storageAt.ts'

/** A running S3 server on loopback. */
export interface S3Server extends AsyncDisposable {
  /** The process, for kills. */
  pid: number
  /** How Holdfast reaches it. */
  options: S3Options
  /** A client with the rights of the owner. */
  client: S3Client
  /** Where the server keeps its files. */
  data: string
  certificates: Certificates | undefined
  /** Environment variables that give a command the owner's credentials. */
  environment: Record<string, string>
  /** Lets the commands of this process, and those that it starts, find the server, with what is asked of each object besides. */
  use(more?: Record<string, string>): void
  newBucket(name: string, options?: { versioned?: boolean; locked?: boolean }): Promise<string>
}

const owner = { id: 'holdfast-owner', secret: 'not-a-secret-in-tests' } as const

/** The key of MinIO's built-in key service that buckets are encrypted with. */
export const kmsKeyId = 'holdfast-test-key'

/** The client of MinIO. */
export const mc = { name: 'mc', package: 'github.com/minio/mc', version: 'v0.0.0-20250313080218-cf909e1063a9' }
const minio = { name: 'minio', package: 'github.com/minio/minio', version: 'v0.0.0-20260212201848-7aac2a2c5b7c' }
const versitygw = { name: 'versitygw', package: 'github.com/versity/versitygw/cmd/versitygw', version: 'v1.8.0' }

interface MinioOptions {
  tls?: boolean
  kms?: boolean
  environment?: Record<string, string>
}

/** Starts MinIO with its data in a folder; built at its first use. */
export async function startMinio(
  folder: string,
  { tls = false, kms = true, environment = {} }: MinioOptions = {},
): Promise<S3Server> {
  const data = join(folder, 'minio')
  const certificateFolder = join(folder, 'certs')
  await mkdir(certificateFolder, { recursive: true })
  const certificates = tls ? await makeCertificates(certificateFolder) : undefined
  const command = await goTool(minio)
  return start(async (port) => ({
    command,
    words: [
      ['server', data, '--quiet', '--certs-dir', certificateFolder],
      ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${await freePort()}`],
    ].flat(),
    environment: {
      MINIO_ROOT_USER: owner.id,
      MINIO_ROOT_PASSWORD: owner.secret,
      MINIO_UPDATE: 'off',
      MINIO_BROWSER: 'off',
      ...(kms ? { MINIO_KMS_SECRET_KEY: `${kmsKeyId}:${Buffer.alloc(32, 7).toString('base64')}` } : {}),
      ...environment,
    },
    health: '/minio/health/ready',
    data,
    certificates,
  }))
}

/** Starts versitygw over a directory; built at its first use. */
export async function startVersitygw(folder: string): Promise<S3Server> {
  const data = join(folder, 'versitygw')
  const versions = join(folder, 'versions')
  for (const directory of [data, versions]) await mkdir(directory, { recursive: true })
  const command = await goTool(versitygw)
  return start(async (port) => ({
    command,
    words: ['--port', `127.0.0.1:${port}`, '--health', '/health', 'posix', '--versioning-dir', versions, data],
    environment: { ROOT_ACCESS_KEY: owner.id, ROOT_SECRET_KEY: owner.secret },
    health: '/health',
    data,
    certificates: undefined,
  }))
}

interface Start {
  command: string
  words: string[]
  environment: Record<string, string>
  health: string
  data: string
  certificates: Certificates | undefined
}

/** How often another free port is tried where a server ends at once, mostly because the one found was taken meanwhile. */
const portTries = 3

async function start(on: (port: number) => Promise<Start>): Promise<S3Server> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return await startOn(port, await on(port))
    } catch (error) {
      if (!(error instanceof EndedAtOnce) || attempt === portTries) throw error
    }
  }
}

class EndedAtOnce extends Error {}

async function startOn(port: number, { command, words, environment, health, data, certificates }: Start): Promise<S3Server> {
  const child = execa(command, words, { env: environment, reject: false, stdin: 'ignore', all: true })
  const endpoint = `${certificates ? 'https' : 'http'}://127.0.0.1:${port}`
  const authority = certificates && (await readFile(certificates.authority, 'utf8'))
  const ended = { yet: false }
  void child.then(() => (ended.yet = true))
  for (;;) {
    const status = await answers(`${endpoint}${health}`, authority)
    // Asked in any case: it may be another server that answers on its port.
    if (ended.yet) throw new EndedAtOnce(`${command} ended at once:\n${(await child).all}`)
    if (status === 200) break
    await delay(50)
  }
  const options: S3Options = { region: 'us-east-1', endpoint, certificates: authority }
  const credentials = { AWS_ACCESS_KEY_ID: owner.id, AWS_SECRET_ACCESS_KEY: owner.secret }
  // The SDK's default chain reads them, here as in a command.
  Object.assign(process.env, credentials)
  const { client } = connectS3(options)
  const reached = {
    HOLDFAST_ENDPOINT: endpoint,
    HOLDFAST_REGION: 'us-east-1',
    ...(certificates ? { HOLDFAST_CA_FILE: certificates.authority } : {}),
  }
  return {
    pid: child.pid!,
    options,
    client,
    data,
    certificates,
    environment: { ...credentials, ...reached },
    use(more = {}) {
      for (const name of Object.keys(s3Environment())) delete process.env[name]
      Object.assign(process.env, reached, more)
    },
    async newBucket(name, { versioned = false, locked = false } = {}) {
      await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: locked }))
      if (versioned) {
        const VersioningConfiguration = { Status: 'Enabled' } as const
        await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }))
      }
      return name
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      child.kill('SIGKILL')
      await child
    },
  }
}

/** The HTTP status, or undefined where nobody answers yet. */
async function answers(url: string, ca: string | undefined): Promise<number | undefined> {
  const get = url.startsWith('https') ? httpsGet : httpGet
  return new Promise((resolve) => {
    const request = get(url, { ca }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', () => resolve(undefined))
  })
}
