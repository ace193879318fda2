import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { hasSystemCode, HoldfastError } from '../core/errors.ts'
import type { Expiry } from './expiry.ts'
import { exportedMetaPath, readExportedMeta } from './exportedMeta.ts'
import type { LocalArtifact } from './localArtifact.ts'
import { removeExactly } from './removeExactly.ts'
import type { UploadPlan } from './uploadPlan.ts'

/** What goes within this many milliseconds is not what a file is removed for. A rule of two days or more gives a new object more. */
const soon = 24 * 3_600_000

/** @throws HoldfastError `usage` for a file that must not be removed afterwards, before anything is done. */
export function requirePrunable({ path, isLink }: LocalArtifact): void {
  if (!isLink) return
  throw new HoldfastError('usage', `${path} is a symbolic link, expected the file itself with --prune-local`, {
    hint: 'name the file that the link leads to, or leave out --prune-local',
  })
}

/**
 * Removes a file that is verified in a bucket, and the `.meta` that an export wrote about it.
 * @param now by the clock of the server, whose rules these are
 * @returns the paths that were removed.
 * @throws HoldfastError `refused` where the file is not the one that was uploaded, the server computed no checksum of what it stored,
 * or a rule of the bucket removes that within a day, or nobody can tell when.
 */
export async function pruneLocal(
  artifact: LocalArtifact,
  plan: UploadPlan,
  { checksum, expires }: { checksum: string | undefined; expires: Expiry },
  now: Date,
): Promise<string[]> {
  const { path } = artifact
  const metaPath = exportedMetaPath(path)
  const meta = await stateOf(metaPath)
  const exported = await readExportedMeta(path)
  const change = await artifact.change()
  if (change !== undefined) throw kept(path, plan, change)
  if (checksum === undefined) throw kept(path, plan, 'the server tells no checksum of what it stored')
  if (expires !== undefined && !(expires instanceof Date))
    throw kept(path, plan, `a rule of the bucket may remove it, and nobody can tell when: ${expires.why}`, expires.hint)
  if (expires !== undefined && expires.getTime() < now.getTime() + soon)
    throw kept(
      path,
      plan,
      `a rule of the bucket removes it at ${expires.toISOString()}`,
      'upload it under another --prefix, or change that rule',
    )
  if (!(await removeExactly(path, (found) => artifact.isThis(found)))) throw kept(path, plan, 'another file has taken its name')
  const isMetaGone =
    exported !== undefined &&
    (await removeExactly(metaPath, (found) => found.ino === meta?.ino && found.mtimeNs === meta.mtimeNs))
  return isMetaGone ? [path, metaPath] : [path]
}

/** @returns undefined where there is no such file. */
async function stateOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENAMETOOLONG')) return undefined
    throw error
  }
}

function kept(
  path: string,
  { uri }: UploadPlan,
  why: string,
  hint = 'compare the two, and remove the file yourself',
): HoldfastError {
  return new HoldfastError('refused', `${path} is not removed, though ${uri} is uploaded: ${why}`, { hint })
}
