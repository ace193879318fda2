import { join } from 'node:path'
import { execa } from 'execa'

/** What a run of the command line said. */
export interface Outcome {
  /** Undefined where it was killed. */
  exitCode: number | undefined
  /** What `--json` printed, where it printed anything. */
  result: unknown
  /** What it printed on stderr, and its arguments, for a report. */
  story: string
}

/** A run of Holdfast under way. */
export interface Run {
  outcome: Promise<Outcome>
  /** Ends it with SIGKILL. */
  kill: () => void
}

/** Where backups go, as the command line takes it. */
export interface RepositoryPlace {
  directory: string
  /** Absent where it is not encrypted. */
  passphraseFile?: string
}

const main = join(import.meta.dirname, '../../src/main.ts')

/** Milliseconds after which a run is taken to hang. */
const longest = 300_000

/** Starts `holdfast` with the given words; the soak sees Holdfast only through here. */
function holdfast(words: readonly string[]): Run {
  const child = execa(process.execPath, [main, ...words, '--json'], {
    reject: false,
    stdin: 'ignore',
    timeout: longest,
    killSignal: 'SIGKILL',
  })
  const outcome = child.then(({ exitCode, stdout, stderr, timedOut }): Outcome => {
    if (timedOut) throw new Error(`holdfast ${words.join(' ')} did not end within ${longest / 1000} s:\n${stderr}`)
    const result: unknown = stdout.trim() === '' ? undefined : JSON.parse(stdout)
    return {
      exitCode,
      result,
      story: `holdfast ${words.join(' ')}\nexit code ${exitCode}\n${stderr}\n${stdout.slice(0, 10_000)}`,
    }
  })
  return { outcome, kill: () => child.kill('SIGKILL') }
}

/** Makes an empty repository. */
export function initRepository(place: RepositoryPlace): Run {
  return holdfast(['repo', 'init', ...repositoryWords(place)])
}

/** How a backup is taken. */
export interface BackupWay {
  /** Where the server answers; without it the backup has only files to go by. */
  uri?: string
  /** Neo4j is stopped. */
  offline?: boolean
  /** Bytes a second to read at most. */
  maxRate?: number | undefined
}

/** Backs up a data directory. */
export function createBackup(place: RepositoryPlace, dataDir: string, { uri, offline = false, maxRate }: BackupWay): Run {
  const words = ['backup', 'create', '--data-dir', dataDir, ...repositoryWords(place)]
  if (maxRate !== undefined) words.push('--max-rate', `${Math.ceil(maxRate)}B`)
  if (offline) return holdfast([...words, '--offline'])
  return holdfast([...words, '--uri', uri ?? 'bolt://127.0.0.1:1'])
}

/** Checks every block and transaction of all backups of a repository. */
export function validateBackups(place: RepositoryPlace): Run {
  return holdfast(['backup', 'validate', ...repositoryWords(place)])
}

export function deleteBackup(place: RepositoryPlace, id: string): Run {
  return holdfast(['backup', 'delete', id, '--confirm', ...repositoryWords(place)])
}

/** Restores a backup into a directory of its own and has Holdfast check it on a scratch Neo4j of the given version. */
export function restoreBackup(place: RepositoryPlace, id: string, directory: string, version: string): Run {
  const words = ['restore', 'start', '--id', id, '--to-dir', directory, '--neo4j-version', version]
  return holdfast([...words, ...repositoryWords(place)])
}

function repositoryWords({ directory, passphraseFile }: RepositoryPlace): string[] {
  return ['--repo', directory, ...(passphraseFile === undefined ? [] : ['--passphrase-file', passphraseFile])]
}
