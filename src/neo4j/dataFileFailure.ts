import { HoldfastError, hasSystemCode } from '../core/errors.ts'

/** Explains in words what the operating system refused while files of a data directory were read; any other error stays as it is. */
export function dataFileFailure(error: unknown, dataDir: string): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error)) return error
  const path = 'path' in error ? String(error.path) : dataDir
  if (hasSystemCode(error, 'EACCES', 'EPERM')) {
    return new HoldfastError('neo4j-unavailable', `${path} cannot be read: permission denied`, {
      hint: 'run Holdfast as the user or in the group that owns Neo4j’s files; it only reads them',
      cause: error,
    })
  }
  if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) {
    return new HoldfastError('neo4j-unavailable', `${path} vanished while it was backed up`, {
      hint: 'was the database dropped, moved or restored meanwhile? If not, run the backup again',
      cause: error,
    })
  }
  if (hasSystemCode(error, 'EIO')) {
    return new HoldfastError('neo4j-unavailable', `a file in ${dataDir} cannot be read: the medium reports EIO`, {
      hint: 'check the disk; backups made before are unaffected',
      cause: error,
    })
  }
  if (hasSystemCode(error, 'EMFILE', 'ENFILE')) {
    return new HoldfastError('failed', `too many open files while ${dataDir} was backed up`, {
      hint: 'raise the limit of open files (ulimit -n)',
      cause: error,
    })
  }
  // Network file systems have many more, such as ESTALE and ETIMEDOUT, and they pass.
  if ('syscall' in error) {
    return new HoldfastError('failed', `while ${dataDir} was read the system reported ${error.message}`, {
      hint: 'check the disk, the file server or the network that it is about, and try again',
      cause: error,
    })
  }
  return error
}
