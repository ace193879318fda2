import { readFile } from 'node:fs/promises'
import { hasSystemCode } from '../core/errors.ts'
import { systemToolEnvironment } from './systemTools.ts'

/** The words a process of this machine was started with, separated by spaces; undefined where there is none with this number. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { execa } = await import('execa')
    const { stdout, exitCode } = await execa('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      reject: false,
      stdin: 'ignore',
      env: systemToolEnvironment,
      extendEnv: false,
    })
    return exitCode === 0 ? stdout : undefined
  }
  try {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    // A process that has ended but was not waited for has no words any more.
    return words === '' ? undefined : words.replaceAll('\0', ' ')
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}
