import { basename, dirname } from 'node:path'
import { systemReason } from '../core/systemReasons.ts'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import type { ExportPlan } from './exportPlan.ts'

/** Explains in words what the operating system refused while an export was made; any other error stays as it is. */
export function exportFailure(error: unknown, { artifact, scratchSize }: ExportPlan): unknown {
  const [directory, message] = [dirname(artifact), error instanceof Error ? error.message : '']
  if (refusedWith(error, 'ENOSPC', 'EDQUOT')) {
    return new HoldfastError('failed', `no space left in ${directory} while ${basename(artifact)} was made: ${message}`, {
      hint: `make room for the scratch copy of the backup, at most ${scratchSize} bytes, and the export; what was begun is removed`,
      cause: error,
    })
  }
  if (refusedWith(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new HoldfastError('failed', `the export may not write to ${directory}: ${message}`, {
      hint: 'choose a directory with --to-dir that this user may write to',
      cause: error,
    })
  }
  const known = systemReason(error)
  if (known)
    return new HoldfastError('failed', `the export into ${directory} failed: ${known.reason}`, { hint: known.hint, cause: error })
  return error
}

/** What was refused may have been explained already, in words that fit a restore. */
function refusedWith(error: unknown, ...codes: string[]): boolean {
  return hasSystemCode(error, ...codes) || (error instanceof HoldfastError && hasSystemCode(error.cause, ...codes))
}
