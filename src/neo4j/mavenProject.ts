import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecaError } from 'execa'
import { HoldfastError, hasSystemCode } from '../core/errors.ts'
import { type ProgressListener, silent } from '../core/progress.ts'

/** What makes up a Neo4j Community with its command line; the rest follows as their dependencies. */
const artifacts = [
  'org.neo4j:neo4j',
  'org.neo4j.app:neo4j-server',
  'org.neo4j:neo4j-command-line',
  'org.neo4j:neo4j-dbms',
  'org.neo4j:neo4j-consistency-check',
]

/** Pinned, so that Maven needs not ask which one is the newest. */
const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

interface MavenOptions {
  /** All that Maven sees of an environment. */
  environment: Readonly<Record<string, string>>
  signal?: AbortSignal | undefined
  onProgress?: ProgressListener | undefined
}

/**
 * Has Maven put the jar files of a Neo4j version into `lib` of a folder.
 * @throws HoldfastError `neo4j-unavailable` where Maven is missing, knows no such version or cannot reach its registry.
 */
export async function copyFromMaven(
  version: string,
  folder: string,
  { environment, signal, onProgress = silent }: MavenOptions,
): Promise<void> {
  const phase = `download Neo4j ${version}`
  onProgress({ phase })
  await writeFile(join(folder, 'pom.xml'), projectText(version))
  const { execa } = await import('execa')
  const maven = execa(
    'mvn',
    ['--batch-mode', '--strict-checksums', copyGoal, '-DincludeScope=runtime', '-DoutputDirectory=lib'],
    {
      cwd: folder,
      stdin: 'ignore',
      all: true,
      env: environment,
      extendEnv: false,
      ...(signal ? { cancelSignal: signal } : {}),
    },
  )
  let downloaded = 0
  maven.all.on('data', (text: Buffer) => {
    downloaded += text.toString().match(/^(\[INFO\] )?Downloaded from/gm)?.length ?? 0
    if (downloaded > 0) onProgress({ phase, note: `${downloaded} files` })
  })
  try {
    await maven
  } catch (error) {
    signal?.throwIfAborted()
    throw explained(error as ExecaError, version)
  }
}

function projectText(version: string): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name] = artifact.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>holdfast</groupId><artifactId>neo4j</artifactId><version>1</version>
<dependencies>
${dependencies.join('\n')}
</dependencies>
</project>
`
}

function explained(error: ExecaError, version: string): HoldfastError {
  if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error.cause, 'ENOENT')) {
    return new HoldfastError('neo4j-unavailable', 'installing Neo4j needs Maven: there is no mvn on the PATH', {
      hint: 'install Maven (apt-get install maven, brew install maven), or point NEO4J_HOME to an existing Neo4j',
      cause: error,
    })
  }
  const lines = String(error.all ?? '')
    .split('\n')
    .filter((line) => line.startsWith('[ERROR]'))
  const hint = lines.some((line) => /Could not find artifact|was not found in/.test(line))
    ? `is there a Neo4j ${version}? give another --neo4j-version`
    : 'is Maven Central, or the mirror in ~/.m2/settings.xml, reachable? try again, or point NEO4J_HOME to an existing Neo4j'
  const reason = lines[0]?.replace('[ERROR] ', '').slice(0, 600) ?? error.shortMessage
  return new HoldfastError('neo4j-unavailable', `Maven cannot fetch Neo4j ${version}: ${reason}`, { hint, cause: error })
}
