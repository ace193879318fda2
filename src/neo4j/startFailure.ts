import { HoldfastError } from '../core/errors.ts'

/**
 * A Neo4j that ran and found that it cannot start on the files it was given. Where it could not even run, for want of Java, memory
 * or room, or was killed, that says nothing about the files, and is no such error.
 */
export class StartFailure extends HoldfastError {}

/** Whether the log of a server that ended tells that it ran, and lacked nothing but files it can start on. */
export function blamesFiles(log: string): boolean {
  return /\bStarting\.\.\.|ServerStartupException|Failed to start Neo4j/.test(log) && !wants.test(log)
}

const wants = /OutOfMemoryError|No space left on device|Too many open files|insufficient memory/i
