const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  EACCES: ['permission denied', 'run it as a user that may do this, or choose another path'],
  EPERM: ['not permitted', 'run it as a user that may do this, or choose another path'],
  EROFS: ['the file system is read-only', 'mount it writable, or choose another path'],
  ENOSPC: ['no space left', 'make room there, then run it again'],
  EDQUOT: ['the quota is used up', 'make room there or raise the quota, then run it again'],
  EFBIG: [
    'the file is larger than the file system or the limit of the process allows',
    'raise the limit (ulimit -f), or choose another file system',
  ],
  ELOOP: ['symbolic links lead in a circle', 'choose another path'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter path'],
  ENOENT: ['no such file or directory', 'check the path; a symbolic link may lead to nothing'],
  ENOTDIR: ['a part of the path is a file', 'choose another path'],
  EISDIR: ['a directory is where a file is expected', 'move it away, or choose another path'],
  EEXIST: ['something is there already', 'move it away, or choose another path'],
  ENOTEMPTY: ['the directory is not empty', 'move away what is in it, or choose another path'],
  EIO: ['the medium reports an error', 'check the disk'],
  EMFILE: ['too many open files', 'raise the limit of open files (ulimit -n)'],
  ENFILE: ['too many open files on this machine', 'close some programs, or raise the limit of the machine'],
  EBUSY: ['it is in use', 'find out what uses it'],
}

/** What the operating system refused, in words, with what to do next; undefined for any other error. */
export function systemReason(error: unknown): { reason: string; hint: string } | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const known = reasons[String(error.code)]
  if (known === undefined) return undefined
  const [reason, hint] = known
  const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : ''
  return { reason: `${path}${reason} (${String(error.code)})`, hint }
}
