import type { Environment } from './declaration.ts'

/** The environment of this process; the only place that reads it. */
export function processEnvironment(): Environment {
  return process.env
}

/** What Maven needs to find Java, its settings and its way out. */
const mavenNames =
  'PATH HOME USER LANG LC_ALL TMPDIR JAVA_HOME JAVA_TOOL_OPTIONS MAVEN_OPTS MAVEN_ARGS http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY'

/** The part of an environment that Maven gets: a short list of names, for our own holds secrets and Maven runs plugins. */
export function mavenEnvironment(environment: Environment): Record<string, string> {
  const present = mavenNames.split(' ').map((name) => [name, environment[name]] as const)
  return Object.fromEntries(present.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
