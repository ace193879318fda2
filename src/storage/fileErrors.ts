import { HoldfastError, hasSystemCode } from '../core/errors.ts'

const hints: Record<string, string> = {
  ENOSPC: 'free space there or enlarge it, then run the command again; what was stored before is intact',
  EDQUOT: 'free space there or raise the quota, then run the command again; what was stored before is intact',
  EACCES: 'give the user that runs Holdfast read and write permission on that directory',
  EPERM: 'give the user that runs Holdfast read and write permission on that directory, on a file system with hard links',
  EROFS: 'mount that file system writable, or choose another repository',
  EXDEV: 'keep the whole repository directory on one file system',
  ENOTSUP: 'choose a file system with hard links (ext4, XFS, ZFS, NFS, APFS): they keep objects from being overwritten',
  ENOTDIR: 'a part of that path is a file; choose another directory',
  EFBIG: 'raise the limit of the process (ulimit -f), or choose a file system that takes files of 32 MiB and more',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** Explains a failed file operation on an object in words; `doing` is a verb such as `write`. */
export function storageFailure(doing: string, name: string, location: string, error: unknown): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (doing === 'read' && hasSystemCode(error, 'EIO')) {
    return new HoldfastError('integrity', `${name} in ${location} cannot be read: the medium reports EIO`, {
      hint: 'check the disk; run `holdfast backup validate` to learn which backups are affected',
      cause: error,
    })
  }
  const reason = code === 'ENOSPC' ? 'no space left on device' : error.message.replace(/^[A-Z]+: /, '').replace(/, \w+ '.*$/, '')
  return new HoldfastError('repository', `cannot ${doing} ${name} in ${location}: ${reason} (${code})`, {
    hint: hints[code] ?? 'check the file system of the repository, then run the command again',
    cause: error,
  })
}
