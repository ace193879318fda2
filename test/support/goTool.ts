import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { cacheDir } from './neo4j.ts'

/** A program that the ordinary Go client builds. */
export interface GoTool {
  name: string
  /** The package to build, such as `github.com/minio/minio`. */
  package: string
  version: string
}

const built = new Map<string, Promise<string>>()

/**
 * The path of a tool, built at its first use and kept in the cache by its version.
 * @throws Error, with what the build said, where it cannot be built.
 */
export async function goTool(tool: GoTool): Promise<string> {
  const known = built.get(tool.name) ?? build(tool)
  built.set(tool.name, known)
  return known
}

async function build({ name, package: source, version }: GoTool): Promise<string> {
  const folder = join(cacheDir, 'tools', `${name}-${version}`)
  const path = join(folder, name)
  if (existsSync(path)) return path
  await mkdir(join(cacheDir, 'tools'), { recursive: true })
  const building = await mkdtemp(join(cacheDir, 'tools', `.${name}-`))
  try {
    await execa('go', ['install', `${source}@${version}`], { env: { GOBIN: building } })
    // Another run may have been faster; its build is as good.
    await rename(building, folder).catch((error: unknown) => {
      if (!existsSync(path)) throw error
    })
    return path
  } catch (error) {
    throw new Error(`${name} ${version} cannot be built: install Go 1.24 or newer and see that it can fetch modules`, {
      cause: error,
    })
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}
