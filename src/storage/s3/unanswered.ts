import type { S3Client } from '@aws-sdk/client-s3'
import { HoldfastError } from '../../core/errors.ts'
import { answered, statusOf } from './failures.ts'

/** @returns the inputs of failed requests of which an attempt may have been obeyed all the same; it is added to as they fail. */
export function noteUnanswered(client: S3Client): WeakSet<object> {
  const unanswered = new WeakSet<object>()
  /** What the SDK has for a request, whatever becomes of its input on the way. */
  const contexts = new WeakSet<object>()
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (mayBeObeyed(error)) contexts.add(context)
        throw error
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'noteAttempt' },
  )
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (contexts.has(context)) unanswered.add(args.input)
        throw error
      }
    },
    { step: 'initialize', priority: 'high', name: 'noteUnanswered' },
  )
  return unanswered
}

/** What never reached a server, or was refused by it with a reason, has changed nothing. */
function mayBeObeyed(error: unknown): boolean {
  if (error instanceof HoldfastError) return false
  const status = statusOf(error)
  // A page of something in front of the server says nothing of what goes on behind.
  if (status !== undefined && status < 500) return status >= 400 && !Object.hasOwn(error as object, 'Code')
  if (status !== undefined) return !answered(error, 'SlowDown', 'NotImplemented')
  return !answered(error, 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EPROTO', 'CredentialsProviderError')
}
