import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { boundAnswers } from './answers.ts'
import { tellCompletionErrors } from './completionErrors.ts'
import { reasonOf } from './failures.ts'
import { noteUnanswered } from './unanswered.ts'
import type { RequestCounts, S3Options } from './options.ts'
import { patientRetries } from './retries.ts'
import { sendInSlices } from './sending.ts'

/** With their pauses these take about a minute. */
const usualAttempts = 12
/** Milliseconds. */
const timeouts = { connectionTimeout: 10_000, socketTimeout: 60_000 } as const
/** Milliseconds in which an answer begins once all is sent, and then ends: the end of an upload takes long to be made. */
const usualPatience = 600_000
const connections = 32

/** A client of an S3 server. */
export interface S3Connection {
  client: S3Client
  /** How many requests it has sent, each attempt counted. */
  requests: RequestCounts
  /** The inputs of those that may have been obeyed without an answer. */
  unanswered: WeakSet<object>
}

/** Makes a client; nothing is sent yet. Credentials are found at the first request, by the SDK's default chain. */
export function connectS3(options: S3Options): S3Connection {
  const { region, endpoint, pathStyle = endpoint !== undefined, certificates, attempts = usualAttempts, onTrouble } = options
  const { patience = usualPatience } = options
  const agent = { keepAlive: true, maxSockets: connections }
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    retryStrategy: patientRetries(attempts, (error) => onTrouble?.(reasonOf(error))),
    // Content is hashed here and checked by whoever reads it; the SDK would hash everything once more.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      ...timeouts,
      requestTimeout: patience,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...(certificates === undefined ? {} : { ca: certificates }) }),
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...usedRegion(region, endpoint),
  }
  const client = new S3Client(config)
  sendInSlices(client, patience)
  tellCompletionErrors(client)
  // Behind it, which is nearer to the server.
  boundAnswers(client, patience)
  const requests: RequestCounts = {}
  client.middlewareStack.add(
    (next, { commandName = 'unknown' }) =>
      async (args) => {
        const operation = commandName.replace(/Command$/, '')
        requests[operation] = (requests[operation] ?? 0) + 1
        return next(args)
      },
    { step: 'finalizeRequest', priority: 'low', name: 'countAttempts' },
  )
  // The signature needs the SHA-256 that was computed as the checksum already.
  client.middlewareStack.add(
    (next) => async (args) => {
      const { ChecksumSHA256: checksum, Body: body } = args.input as { ChecksumSHA256?: string; Body?: unknown }
      if (checksum !== undefined && body instanceof Uint8Array) {
        const { headers } = args.request as { headers: Record<string, string> }
        headers['x-amz-content-sha256'] = Buffer.from(checksum, 'base64').toString('hex')
      }
      return next(args)
    },
    { step: 'build', name: 'signWithChecksum' },
  )
  return { client, requests, unanswered: noteUnanswered(client) }
}

/** A server that is not Amazon's often has a region only in name, so any will do where not even the profile says one. */
function usedRegion(region: string | undefined, endpoint: string | undefined): Pick<S3ClientConfig, 'region'> {
  if (region !== undefined) return { region }
  if (endpoint === undefined) return {}
  const { config } = new S3Client({})
  const found = async (): Promise<string> => {
    try {
      return await config.region()
    } catch (error) {
      if (error instanceof Error && error.message === 'Region is missing') return 'us-east-1'
      throw error
    }
  }
  return { region: found }
}
