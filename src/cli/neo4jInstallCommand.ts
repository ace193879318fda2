import { defineCommand } from './command.ts'
import { formatFacts } from './table.ts'

interface InstallResult {
  version: string
  /** The folder of its jar files. */
  lib: string
  java: { version: string; command: string }
}

/** `holdfast neo4j install` */
export const neo4jInstallCommand = defineCommand({
  name: 'neo4j install',
  summary: 'install a Neo4j Community for restores, drills and tests',
  description:
    'Assembles it from Maven Central with mvn, which takes about half a minute, starts it once to see that it works, and keeps it ' +
    'in the cache folder. Does nothing where it is installed already. Takes an exact version, or lts, latest or oldest.',
  settings: ['neo4jVersion', 'neo4jHome', 'javaHome', 'cacheDir'],
  examples: [
    { command: 'holdfast neo4j install', purpose: 'the long-term version' },
    { command: 'holdfast neo4j install --neo4j-version 5.26.30', purpose: 'the version that production runs' },
  ],
  fails: ['neo4j-unavailable', 'refused'],
  run: async ({ services }): Promise<InstallResult> => {
    const { version, lib, java } = await services.installation()
    return { version, lib, java: { version: java.version, command: java.command } }
  },
  text: ({ version, lib, java }) =>
    formatFacts([
      ['neo4j', `${version} Community`],
      ['java', `${java.version} (${java.command})`],
      ['directory', lib],
    ]),
})
