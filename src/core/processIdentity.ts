import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { z } from 'zod'
import { hasSystemCode } from './errors.ts'

/** How a process is noted in a lease, in the journal of a restore, in a scratch folder. */
export const processIdentity = z.strictObject({
  host: z.string(),
  /** Changes with each boot of the machine. */
  boot: z.string().optional(),
  /** Process ids mean the same only within one namespace. */
  pidNamespace: z.string().optional(),
  pid: z.int(),
  /** When the process started, in clock ticks since boot: tells a reused process id. */
  started: z.string().optional(),
})

/** Which process on which running machine; the optional parts are known on Linux only. */
export type ProcessIdentity = z.infer<typeof processIdentity>

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    boot: await orNothing(async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()),
    pidNamespace: await orNothing(async () => readlink('/proc/self/ns/pid')),
    pid: process.pid,
    started: (await processState(process.pid))?.started,
  }
}

/** Whether it is certain that a process is gone: it ran on this very machine since its last boot, and does no more. */
export async function isDead(other: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  const sameMachine =
    other.boot !== undefined &&
    other.boot === own.boot &&
    other.pidNamespace !== undefined &&
    other.pidNamespace === own.pidNamespace
  if (!sameMachine || other.host !== own.host || other.started === undefined) return false
  const now = await processState(other.pid)
  if (now === undefined) return isNobody(other.pid)
  return now.started !== other.started || now.state === 'Z' || now.state === 'X'
}

/** Whether no process has that id. What /proc does not show may be there: it can hide the processes of others. */
function isNobody(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return hasSystemCode(error, 'ESRCH')
  }
}

async function processState(pid: number): Promise<{ state: string; started: string } | undefined> {
  const text = await orNothing(async () => readFile(`/proc/${pid}/stat`, 'utf8'))
  // The second field is the command in parentheses and may hold anything; the state is field 3, the start time field 22 (proc(5)).
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] !== undefined && fields[19] !== undefined ? { state: fields[0], started: fields[19] } : undefined
}

async function orNothing<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read()
  } catch {
    return undefined
  }
}
