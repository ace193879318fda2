import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import type { ProgressListener } from '../core/progress.ts'
import { ScratchFolder } from '../core/scratchFolder.ts'
import type { Installation } from '../neo4j/installation.ts'
import { isOlder, requireKnownVersion } from '../neo4j/versions.ts'
import { databaseNameProblem } from './databaseName.ts'
import { type Check, tryDump } from './ephemeral.ts'
import { type Awaited, requireChecksum } from './fetchArtifact.ts'
import type { Smoke, SmokeRequest } from './smokeQuery.ts'
import type { StepListener } from './step.ts'
import { unpack } from './unpack.ts'

/** What is to be verified of a file, and how. */
export interface VerifyRequest {
  /** The SHA-256 that the user says it has. */
  sha256: string | undefined
  /** The name to load it under; else what is told of it, else `neo4j`. */
  database: string | undefined
  smoke: SmokeRequest
  /** Only compare the checksum. */
  skipLoad: boolean
  /** The directory for the temporary workspace. */
  workDir: string
}

interface VerifyOptions {
  /** The Neo4j to load it with; of the version that is told of it, where one is. */
  installation(version: string | undefined): Promise<Installation>
  clock: Clock
  progress: ProgressListener
  onStep: StepListener
  signal: AbortSignal
}

/** What a verification found. */
export interface VerifyReport {
  /** `checksum-only` where it is the right file and nothing more was tried. */
  verdict: 'good' | 'bad' | 'checksum-only'
  source: string
  size: number
  sha256: string
  /** By what the checksum was confirmed; empty where nothing tells it. */
  confirmedBy: string[]
  loaded: boolean
  database: string | undefined
  /** The Neo4j that it was loaded with. */
  neo4j: string | undefined
  checks: Check[]
  smoke: Smoke | undefined
  milliseconds: number
}

/**
 * Proves that a dump can be restored: fetches it, compares its checksum, loads it into an ephemeral Neo4j, checks and questions that.
 * Nothing of it stays.
 * @throws HoldfastError `integrity` where the checksum differs; `refused` for a version that is not known to work.
 */
export async function verifyRestore(awaited: Awaited, request: VerifyRequest, options: VerifyOptions): Promise<VerifyReport> {
  const { clock, progress, onStep, signal } = options
  const { told } = awaited
  const begun = clock.monotonic()
  if (request.skipLoad && request.sha256 === undefined && told?.sha256 === undefined) throw nothingTold(awaited)
  const database = databaseOf(awaited, request)
  if (told?.softwareVersion !== undefined && !request.skipLoad) requireKnownVersion(told.softwareVersion)
  // What will be missing is said before gigabytes have come.
  const installation = request.skipLoad ? undefined : await fittingInstallation(awaited, options)
  await using workspace = await ScratchFolder.create(request.workDir, '.holdfast-verify-')
  const fetched = await awaited.fetch(workspace.path)
  const confirmedBy = requireChecksum(awaited, fetched, request.sha256)
  const { size, sha256 } = fetched
  onStep('checksum', { source: awaited.name, size, sha256, confirmedBy })
  const report = { source: awaited.name, size, sha256, confirmedBy }
  const nothing = { loaded: false, database: undefined, neo4j: undefined, checks: [], smoke: undefined }
  if (installation === undefined)
    return { verdict: 'checksum-only', ...report, ...nothing, milliseconds: clock.monotonic() - begun }

  onStep('neo4j', { version: installation.version, told: told?.softwareVersion })
  const dumps = join(workspace.path, 'dump')
  await mkdir(dumps)
  const isOurs = fetched.path.startsWith(workspace.path)
  const damage = await unpack(fetched.path, join(dumps, `${database}.dump`), { isOurs, progress, signal })
  const places = { dumps, dataDir: join(workspace.path, 'data'), home: join(workspace.path, 'neo4j') }
  const { checks, smoke } =
    damage === undefined
      ? await tryDump({ installation, ...places, database, smoke: request.smoke, progress, onStep, signal })
      : { checks: [{ name: 'decompress', passed: false, detail: damage }], smoke: undefined }
  // Otherwise what was loaded may not be what the checksum is of.
  await awaited.requireUnchanged()
  return {
    verdict: checks.every(({ passed }) => passed) ? 'good' : 'bad',
    ...report,
    loaded: checks.some(({ name, passed }) => name === 'load' && passed),
    database,
    neo4j: installation.version,
    checks: checks.map((check) => explained(check, awaited, installation)),
    smoke,
    milliseconds: clock.monotonic() - begun,
  }
}

function databaseOf({ told }: Awaited, { database }: VerifyRequest): string {
  const name = database ?? told?.dbName ?? 'neo4j'
  const problem = databaseNameProblem(name)
  if (problem === undefined) return name
  throw new HoldfastError('usage', `${JSON.stringify(name)} is no name of a database: ${problem}`, { hint: 'give one with --db' })
}

async function fittingInstallation({ name, told }: Awaited, options: VerifyOptions): Promise<Installation> {
  const expected = told?.softwareVersion
  const found = await options.installation(expected)
  if (expected === undefined || !isOlder(found.version, expected)) return found
  throw new HoldfastError(
    'refused',
    `${name} is of Neo4j ${expected}, and cannot be loaded by ${found.version}, which is older`,
    {
      hint: `leave out NEO4J_HOME and --neo4j-version, so that Neo4j ${expected} is installed for it`,
    },
  )
}

/** Where the version was guessed, that may be all that is wrong. */
function explained(check: Check, { told }: Awaited, { version }: Installation): Check {
  if (check.passed || !['load', 'start'].includes(check.name) || told?.softwareVersion !== undefined) return check
  return {
    ...check,
    detail: `${check.detail}\nthe version that it is of is not told, ${version} was tried: name another with --neo4j-version`,
  }
}

function nothingTold({ name }: Awaited): HoldfastError {
  return new HoldfastError('usage', `nothing tells which SHA-256 ${name} should have`, {
    hint: 'give it with --sha256, or leave out --skip-load',
  })
}
