import { systemReason } from '../core/systemReasons.ts'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'

/** Explains in words what the operating system refused while a restore wrote; any other error stays as it is. */
export function targetFailure(error: unknown, target: string): unknown {
  const { message } = error instanceof Error ? error : { message: '' }
  if (hasSystemCode(error, 'ENOSPC', 'EDQUOT')) {
    return new HoldfastError('failed', `no space left for the restore into ${target}: ${message}`, {
      hint: 'make room and go on with --resume',
      cause: error,
    })
  }
  if (hasSystemCode(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new HoldfastError('failed', `the restore into ${target} may not write there: ${message}`, {
      hint: 'restore into a directory that this user may write to, or run Holdfast as its owner; then go on with --resume',
      cause: error,
    })
  }
  const known =
    hasSystemCode(error, 'EFBIG', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST') && systemReason(error)
  if (!known) return error
  return new HoldfastError('failed', `cannot restore into ${target}: ${known.reason}`, {
    hint: hasSystemCode(error, 'EFBIG') ? `${known.hint}, and go on with --resume` : known.hint,
    cause: error,
  })
}
