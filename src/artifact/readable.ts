import pLimit from 'p-limit'
import { HoldfastError } from '../core/errors.ts'
import type { Bucket } from '../storage/s3/bucket.ts'
import { readRange } from './remoteObject.ts'
import type { UploadPlan } from './uploadPlan.ts'

/** Reads that are under way at once. */
const sideBySide = 4

/**
 * Reads the first byte of each part of an uploaded object, and its last: servers have told of objects whose content was gone.
 * @throws HoldfastError `refused` where one cannot be read.
 */
export async function requireReadable(bucket: Bucket, plan: UploadPlan, signal: AbortSignal): Promise<void> {
  const { key, size, parts, partSize } = plan
  const places = [...Array.from({ length: parts }, (_, part) => part * partSize), size - 1]
  const stop = new AbortController()
  const readByte = async (offset: number): Promise<void> => {
    stop.signal.throwIfAborted()
    const range = { offset, length: 1 }
    const found = await readRange(bucket, key, range, AbortSignal.any([signal, stop.signal])).catch((error: unknown) => {
      throw signal.aborted || stop.signal.aborted ? error : unreadable(plan, offset, error)
    })
    if (found.length !== 1) throw unreadable(plan, offset)
  }
  try {
    await pLimit(sideBySide).map(new Set(places), readByte)
  } finally {
    stop.abort()
  }
}

function unreadable({ file, uri }: UploadPlan, offset: number, error?: unknown): HoldfastError {
  const why = error instanceof Error ? error.message : 'the server gives nothing'
  return new HoldfastError(
    'refused',
    `${file} is not removed, though ${uri} is uploaded: its byte ${offset} cannot be read: ${why}`,
    {
      hint: 'the role needs s3:GetObject, and with SSE-KMS kms:Decrypt; where it has them, see whether `holdfast s3 verify-restore` can read the object, else remove it and upload the file again',
      cause: error,
    },
  )
}
