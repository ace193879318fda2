import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { cacheDir } from './neo4j.ts'

/** Programs that pip installs, each of a version, and the name of the environment that they share. */
export interface PythonTools {
  name: string
  packages: readonly string[]
}

/** The AWS command line and what checks policies, Terraform and workflows. */
export const awsTools: PythonTools = {
  name: 'aws-tools',
  packages: ['awscli==1.46.3', 'boto3==1.44.8', 'botocore==1.44.8', 'parliament==1.6.4', 'python-hcl2==8.1.4', 'zizmor==1.32.0'],
}

const installed = new Map<string, Promise<string>>()

/**
 * The folder of the programs, installed at their first use and kept in the cache; give the environment another name when its packages change.
 * @throws Error, with what pip said, where they cannot be installed.
 */
export async function pythonTools(tools: PythonTools): Promise<string> {
  const known = installed.get(tools.name) ?? install(tools)
  installed.set(tools.name, known)
  return known
}

async function install({ name, packages }: PythonTools): Promise<string> {
  const link = join(cacheDir, 'tools', name)
  if (existsSync(link)) return join(link, 'bin')
  await mkdir(join(cacheDir, 'tools'), { recursive: true })
  // A virtual environment cannot be moved: it is made where it stays, and the link to it comes last.
  const folder = await mkdtemp(join(cacheDir, 'tools', `${name}-`))
  try {
    await execa('python3', ['-m', 'venv', folder])
    await execa(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages])
    await symlink(basename(folder), link)
    return join(link, 'bin')
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    // Another run may have been faster; its environment is as good.
    if (existsSync(link)) return join(link, 'bin')
    throw new Error(`${packages.join(', ')} cannot be installed: install Python 3.10 or newer with venv and pip`, {
      cause: error,
    })
  }
}
