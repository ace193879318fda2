import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { sentToken, withoutToken } from './sentToken.ts'

/** Bytes: a list of a thousand objects, of the longest keys that there are, is far smaller. */
const mostBytes = 16 * 1024 * 1024

/** An answer as it came, before the SDK has looked at it. */
export interface Answer {
  statusCode: number
  headers: Record<string, string>
  body: unknown
}

/**
 * Reads each answer before the SDK looks at it, but for the content of objects: one that has no end would fill the memory, and one
 * that comes by the byte would be waited for without end. A session token that the server repeats goes no further.
 * @param patience milliseconds for the body of an answer
 */
export function boundAnswers(client: S3Client, patience: number): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args)
        const response = result.response as Answer
        const token = sentToken(args.request)
        for (const [name, value] of Object.entries(response.headers)) response.headers[name] = withoutToken(value, token)
        const isObject = commandName === 'GetObjectCommand'
        const isContent = isObject && response.statusCode < 300
        if (!isContent) {
          const body = await boundedBytes(response.body as Readable, patience)
          if (isObject && response.statusCode === 404 && !body.includes('<Code>')) throw pageNotFound()
          keep(response, told(response.statusCode, body, token))
        }
        return result
      },
    { step: 'deserialize', priority: 'low', name: 'boundAnswers' },
  )
}

/** The part of an answer that the SDK gets to see. */
function told(status: number, body: Buffer, token: readonly string[]): Buffer {
  const text = body.toString()
  // No S3 server sends one, and the SDK takes hours for a long page of them. Most of its statuses say more than that it is no XML.
  if (/<!doctype/i.test(text)) return Buffer.from(status > 400 ? '' : '<!DOCTYPE>')
  return token.some((form) => text.includes(form)) ? Buffer.from(withoutToken(text, token)) : body
}

/** The text of an answer that is bounded, for whoever looks at it before the SDK does. */
export async function textOf(response: Answer): Promise<string> {
  const body = Buffer.concat(await Array.fromAsync(response.body as AsyncIterable<Buffer>))
  keep(response, body)
  return body.toString()
}

function keep(response: Answer, body: Buffer): void {
  response.body = Readable.from(body.length === 0 ? [] : [body])
}

async function boundedBytes(body: Readable, patience: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => body.destroy(unfit('TimeoutError', `no whole answer within ${patience} ms`)), patience)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > mostBytes) throw unfit('AnswerTooLong', `an answer of more than ${mostBytes} bytes`)
      chunks.push(chunk)
    }
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks)
}

/** A page says nothing of an object: something on the way answers in the place of the server, perhaps while that starts. */
function pageNotFound(): Error {
  return Object.assign(unfit('PageNotFound', 'a page that says 404'), { $retryable: {} })
}

/** Named as the SDK names what it tries again, or says in words. */
function unfit(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}
