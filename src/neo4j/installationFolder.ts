import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../core/atomicFile.ts'
import { hasSystemCode } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'

/** Written last into an installation, it lists the jar files with their sizes, so that a damaged installation is noticed. */
const listingName = 'installed.json'

/** Folders that are being filled or thrown away begin so. */
const temporaryPrefix = 'installing-'

/** Milliseconds after which what a killed installer left behind is removed. */
const abandonedAfter = 6 * 3600_000

/** A new, unused folder name beside the installations. */
export function temporaryFolder(root: string, version: string): string {
  return join(root, `${temporaryPrefix}${version}-${randomId(4)}`)
}

/** Completes a folder of which nothing is missing but the listing. */
export async function writeListing(folder: string, version: string): Promise<void> {
  const files = await jarSizes(folder)
  await writeFileAtomically(join(folder, listingName), `${JSON.stringify({ version, files }, undefined, 2)}\n`, { mode: 0o644 })
}

/** Whether a folder holds every jar file of its listing in full. */
export async function isWhole(folder: string): Promise<boolean> {
  try {
    const { files } = JSON.parse(await readFile(join(folder, listingName), 'utf8')) as { files: Record<string, number> }
    const found = await jarSizes(folder)
    return Object.entries(files).every(([name, size]) => found[name] === size)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return false
    throw error
  }
}

/** Gives an assembled folder its final name; where another process was faster, its work stays and the folder is left as it is. */
export async function putInPlace(assembled: string, final: string): Promise<void> {
  for (;;) {
    try {
      await rename(assembled, final)
      return
    } catch (error) {
      if (!hasSystemCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
      if (await isWhole(final)) return
      await moveAway(final, `${assembled}-broken`)
    }
  }
}

/** Removes what installers that were killed have left. */
export async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(temporaryPrefix)) continue
    const path = join(root, name)
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > abandonedAfter) await rm(path, { recursive: true, force: true })
  }
}

async function moveAway(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside)
  } catch (error) {
    if (!hasSystemCode(error, 'ENOENT')) throw error
  }
  await rm(aside, { recursive: true, force: true })
}

async function jarSizes(folder: string): Promise<Record<string, number>> {
  const names = (await readdir(join(folder, 'lib'))).filter((name) => name.endsWith('.jar')).toSorted()
  const sizes = names.map(async (name) => [name, (await stat(join(folder, 'lib', name))).size] as const)
  return Object.fromEntries(await Promise.all(sizes))
}
