import type { S3Client } from '@aws-sdk/client-s3'
import { type Answer, textOf } from './answers.ts'

/** The HTTP status that comes with these codes where an answer has a status of its own; any other is a server in trouble. */
const statuses = new Map([
  ['InternalError', 500],
  ['SlowDown', 503],
  ['ServiceUnavailable', 503],
  ['PreconditionFailed', 412],
  ['ConditionalRequestConflict', 409],
  ['OperationAborted', 409],
  ['NoSuchUpload', 404],
  ['NoSuchBucket', 404],
  ['AccessDenied', 403],
  ['BadDigest', 400],
  ['EntityTooLarge', 400],
  ['EntityTooSmall', 400],
  ['InvalidArgument', 400],
  ['InvalidPart', 400],
  ['InvalidPartOrder', 400],
  ['InvalidRequest', 400],
  ['MalformedXML', 400],
])
const otherwise = 500

/**
 * The end of an upload in parts takes long, so S3 sends status 200 before it knows how it ends, and may tell an error in the body. The SDK
 * makes each of them a 503, which is tried again in vain, and takes one for success that has a line break behind it, or an answer that
 * is cut. Here it becomes what it would be with a status of its own, and an answer that says neither is one of a server in trouble.
 */
export function tellCompletionErrors(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        const response = result.response as Answer
        if (commandName !== 'CompleteMultipartUploadCommand' || response.statusCode !== 200) return result
        const text = await textOf(response)
        if (!/<\/CompleteMultipartUploadResult>\s*$/.test(text)) throw failureIn(text)
        return result
      },
    { step: 'deserialize', priority: 'low', name: 'tellCompletionErrors' },
  )
}

function failureIn(text: string): Error {
  const [code = 'InternalError', message = 'the answer to the end of an upload is cut short'] = ['Code', 'Message'].map(
    (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1],
  )
  const $metadata = { httpStatusCode: statuses.get(code) ?? otherwise }
  return Object.assign(new Error(message), { name: code, Code: code, $metadata })
}
