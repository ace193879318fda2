import type { S3Client } from '@aws-sdk/client-s3'
import pLimit, { type LimitFunction } from 'p-limit'
import { s3Uri } from '../../core/s3Uri.ts'
import { connectS3 } from './client.ts'
import type { RequestCounts, S3Encryption, S3Lock, S3Options } from './options.ts'

/** Parts that may be on their way at once, whatever they belong to: they bound the memory. */
const partsUnderWay = 4

/** Milliseconds. */
const usualPatience = 60_000

/** A bucket and what is asked for each object that is put there. */
export interface Bucket {
  readonly name: string
  /** For messages: `s3://bucket`. */
  readonly location: string
  readonly client: S3Client
  readonly requests: RequestCounts
  /** The inputs of requests that may have been obeyed without an answer. */
  readonly unanswered: WeakSet<object>
  /** Milliseconds of waiting for the content of an object in which some of it comes. */
  readonly patience: number
  readonly encryption: S3Encryption | undefined
  readonly lock: S3Lock | undefined
  readonly uploads: LimitFunction
}

/** Nothing is sent yet. */
export function openBucket(name: string, options: S3Options): Bucket {
  const { client, requests, unanswered } = connectS3(options)
  return {
    name,
    location: s3Uri({ bucket: name, prefix: '' }),
    client,
    requests,
    unanswered,
    patience: options.patience ?? usualPatience,
    encryption: options.encryption,
    lock: options.lock,
    uploads: pLimit(partsUnderWay),
  }
}
