import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import type { S3Server } from './s3Servers.ts'

/** The words of a command line that reach a bucket of a server. */
export function bucketWords(server: S3Server, bucket: string): string[] {
  const { options, certificates } = server
  const trust = certificates ? ['--ca-file', certificates.authority] : []
  return ['--bucket', bucket, '--endpoint', options.endpoint!, '--region', 'us-east-1', ...trust]
}

/** The keys in a bucket, and those of unfinished uploads. */
export async function keysIn({ client }: S3Server, bucket: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  return [...Contents, ...Uploads].map(({ Key }) => Key!)
}

/** What a server tells of an object, its checksum included. */
export async function headOf({ client }: S3Server, bucket: string, key: string): Promise<HeadObjectCommandOutput> {
  return client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }))
}

/** The content of an object. */
export async function contentOf({ client }: S3Server, bucket: string, key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Buffer.from(await Body!.transformToByteArray())
}
