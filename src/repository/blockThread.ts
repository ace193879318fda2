import { parentPort } from 'node:worker_threads'
import { blockWork } from './blockWork.ts'

/** What a thread of `BlockThreads` is told to do; it answers each task in turn. */
export interface Task {
  name: keyof typeof blockWork
  parameters: unknown[]
}

/** The answer to a task. */
export type Answer = { result: unknown; error?: never } | { result?: never; error: unknown }

parentPort?.on('message', ({ name, parameters }: Task) => parentPort?.postMessage(answer(name, parameters)))

function answer(name: Task['name'], parameters: unknown[]): Answer {
  try {
    return { result: (blockWork[name] as (...parameters: unknown[]) => unknown)(...parameters) }
  } catch (error) {
    return { error }
  }
}
