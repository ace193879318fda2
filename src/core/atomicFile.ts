import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { hasSystemCode } from './errors.ts'
import { randomId } from './ids.ts'

/**
 * Writes a whole file so that a reader, even after a crash, sees the old content or the new, never a part.
 * @param options.mode - permissions of the new file, private unless told
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.${randomId(4)}.tmp`
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes the entries of a directory durable: what was created, renamed or removed in it survives a crash of the machine. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems cannot sync a directory; they make entries durable by themselves.
    if (!hasSystemCode(error, 'EINVAL', 'ENOTSUP', 'ENOSYS')) throw error
  } finally {
    await handle.close()
  }
}
