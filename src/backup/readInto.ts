import type { FileHandle } from 'node:fs/promises'
import { fill } from '../core/readFully.ts'
import type { ReadInto } from './copyTarget.ts'

/** The bytes of an open file, to be copied. */
export function readFrom(handle: FileHandle): ReadInto {
  return async (buffer, position) => fill(handle, buffer, position)
}

/** Bytes in memory, to be copied. */
export function readFromBuffer(bytes: Buffer): ReadInto {
  return async (buffer, position) => bytes.copy(buffer, 0, position)
}
