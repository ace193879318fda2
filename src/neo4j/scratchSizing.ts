import { totalmem } from 'node:os'

const mebibyte = 1024 * 1024

/** What a scratch Neo4j is given. */
interface ScratchSizing {
  /** Memory as Neo4j's settings and Java spell it. */
  heap: string
  pageCache: string
  /** Milliseconds that it has to recover and to answer. */
  limit: number
}

/** The bytes that may be used: those of the machine, or of a container that may use less. */
export function memoryHere({ machine, allowed } = { machine: totalmem(), allowed: process.constrainedMemory() }): number {
  return allowed > 0 ? Math.min(machine, allowed) : machine
}

/**
 * Fits a scratch Neo4j to the bytes it is to recover: memory for the whole store where a quarter of what is here allows it, and
 * beside ten minutes as much time as a slow disk takes to read all of it several times.
 */
export function scratchSizing(storeSize: number, memory: number = memoryHere()): ScratchSizing {
  const quarter = Math.floor(memory / 4)
  const pages = Math.max(64 * mebibyte, Math.min(storeSize, quarter))
  const heap = Math.max(512 * mebibyte, Math.min(4096 * mebibyte, Math.floor(storeSize / 4), quarter))
  const slowestRate = 5 * mebibyte
  return {
    heap: `${Math.floor(heap / mebibyte)}m`,
    pageCache: `${Math.floor(pages / mebibyte)}m`,
    limit: 600_000 + Math.round((storeSize / slowestRate) * 1000),
  }
}
