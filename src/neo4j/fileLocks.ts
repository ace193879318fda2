import { readFile, stat } from 'node:fs/promises'
import { hasSystemCode } from '../core/errors.ts'
import { systemToolEnvironment } from './systemTools.ts'

/** Whether a process of this machine holds a lock on one of the files (elsewhere than on Linux: has one of them open). */
export async function heldLocks(paths: readonly string[]): Promise<boolean> {
  const files = (await Promise.all(paths.map(identify))).filter((file) => file !== undefined)
  if (files.length === 0) return false
  if (process.platform !== 'linux') return isOpen(files.map(({ path }) => path))
  const locks = await readFile('/proc/locks', 'utf8')
  const locked = new Set(locks.split('\n').map((line) => / ([0-9a-f]+:[0-9a-f]+:\d+) /.exec(line)?.[1]))
  return files.some(({ id }) => locked.has(id))
}

/** A file as `/proc/locks` names it: major and minor number of its device in hexadecimal, and its inode. */
async function identify(path: string): Promise<{ path: string; id: string } | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
    return { path, id: `${hexByte(major)}:${hexByte(minor)}:${ino}` }
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function hexByte(value: bigint): string {
  return value.toString(16).padStart(2, '0')
}

async function isOpen(paths: string[]): Promise<boolean> {
  const bounds = { stdin: 'ignore', env: systemToolEnvironment, extendEnv: false } as const
  const { execa } = await import('execa')
  const { stdout } = await execa('lsof', ['-t', '--', ...paths], { reject: false, ...bounds })
  return stdout.trim() !== ''
}
