import { execa } from 'execa'
import { chmodSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { writeAdminConfiguration } from '../../src/neo4j/configuration.ts'
import type { Installation } from '../../src/neo4j/installation.ts'
import { javaArguments, javaEnvironment } from '../../src/neo4j/javaCommand.ts'

/** Runs a command line in a shell whose `neo4j-admin` is that of an installation, configured for `<home>/data`. */
export async function runWithPlainAdmin(installation: Installation, home: string, line: string): Promise<void> {
  await mkdir(join(home, 'bin'), { recursive: true })
  await writeAdminConfiguration(join(home, 'conf'), { home, dataDir: join(home, 'data'), settings: {} })
  const words = await javaArguments({ installation, mainClass: 'org.neo4j.cli.AdminTool', heap: '1g', arguments: [] })
  const quoted = [installation.java.command, ...words].map((word) => `'${word}'`).join(' ')
  writeFileSync(join(home, 'bin/neo4j-admin'), `#!/bin/sh\nexec ${quoted} "$@"\n`)
  chmodSync(join(home, 'bin/neo4j-admin'), 0o755)
  await execa('bash', ['-euo', 'pipefail', '-c', line], {
    env: {
      ...javaEnvironment,
      NEO4J_HOME: home,
      NEO4J_CONF: join(home, 'conf'),
      PATH: `${join(home, 'bin')}${delimiter}/usr/bin:/bin`,
    },
    extendEnv: false,
    cwd: home,
    stdin: 'ignore',
  })
}
