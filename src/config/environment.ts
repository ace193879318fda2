import { type Environment, environmentName, type Setting } from './declaration.ts'
import { settings } from './settings.ts'

/** The environment of this process; without the secrets, once they were taken. */
export function processEnvironment(): Environment {
  return process.env
}

/** A secret that is no setting of ours, and often stands beside them: the user and password that a Neo4j in a container is made with. */
const foreignSecrets = ['NEO4J_AUTH']

/**
 * Takes the secrets out of the environment of this process, for what this program does not start itself gets all of it: the SDK of AWS
 * runs whatever program a profile names for credentials.
 * @returns the environment as it was.
 */
export function takeEnvironment(): Environment {
  const whole = { ...process.env }
  for (const [name, { secret, aliases = [] }] of Object.entries<Setting<unknown>>(settings))
    if (secret) for (const variable of [environmentName(name), ...aliases]) delete process.env[variable]
  for (const variable of foreignSecrets) delete process.env[variable]
  return whole
}

/** What Maven needs to find Java, its settings and its way out. */
const mavenNames =
  'PATH HOME USER LANG LC_ALL TMPDIR JAVA_HOME JAVA_TOOL_OPTIONS MAVEN_OPTS MAVEN_ARGS http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY'

/** The part of an environment that Maven gets: a short list of names, for our own holds secrets and Maven runs plugins. */
export function mavenEnvironment(environment: Environment): Record<string, string> {
  const present = mavenNames.split(' ').map((name) => [name, environment[name]] as const)
  return Object.fromEntries(present.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
