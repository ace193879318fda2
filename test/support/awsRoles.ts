import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { S3Server } from './s3Servers.ts'

/** Where the policies are that users attach to their roles. */
export const policiesFolder = join(import.meta.dirname, '../../deploy/aws/policies')

/** A policy of `deploy/aws` with its placeholders filled in; one without a value stays. */
export function policy(name: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(policiesFolder, `${name}.json`), 'utf8')
  return text.replaceAll(/\$\{(\w+)\}/g, (placeholder, key: string) => values[key] ?? placeholder)
}

/** The environment variables of a role that has a policy and no other right, enforced by the server. */
export async function assumeRole({ options, environment }: S3Server, document: string): Promise<Record<string, string>> {
  const owner = { accessKeyId: environment['AWS_ACCESS_KEY_ID']!, secretAccessKey: environment['AWS_SECRET_ACCESS_KEY']! }
  const requestHandler = { httpsAgent: new Agent({ ca: options.certificates }) }
  const sts = new STSClient({ endpoint: options.endpoint!, region: 'us-east-1', credentials: owner, requestHandler })
  try {
    const Policy = JSON.stringify(JSON.parse(document))
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::111122223333:role/any', RoleSessionName: 'test', Policy }),
    )
    return {
      AWS_ACCESS_KEY_ID: Credentials!.AccessKeyId!,
      AWS_SECRET_ACCESS_KEY: Credentials!.SecretAccessKey!,
      AWS_SESSION_TOKEN: Credentials!.SessionToken!,
    }
  } finally {
    sts.destroy()
  }
}

/** Runs something with environment variables set, which the SDK's default chain reads at a client's first request. */
export async function withEnvironment<Result>(values: Record<string, string>, work: () => Promise<Result>): Promise<Result> {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  Object.assign(process.env, values)
  try {
    return await work()
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
