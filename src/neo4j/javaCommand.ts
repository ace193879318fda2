import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installation } from './installation.ts'

/** How a Java program of an installation is run. */
export interface JavaProgram {
  installation: Installation
  mainClass: string
  /** Such as `512m`. */
  heap: string
  /** More options for Java, stronger than ours. */
  javaOptions?: readonly string[] | undefined
  arguments: readonly string[]
}

/** The packages of Java that Neo4j reaches into. */
const opened = ['java.nio', 'java.io', 'sun.nio.ch', 'java.lang', 'java.util.concurrent']

/** Options that make a short-lived Java start sooner: no optimising compiler, the simplest collector. */
export const quickStart: readonly string[] = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** The words after `java` that run a program. */
export async function javaArguments(program: JavaProgram): Promise<string[]> {
  const archive = classArchivePath(program.installation)
  return [
    `-Xmx${program.heap}`,
    '-XX:-UsePerfData',
    '-Dfile.encoding=UTF-8',
    '-Dlog4j2.disable.jmx=true',
    ...opened.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    ...(archive !== undefined && (await exists(archive)) ? [`-XX:SharedArchiveFile=${archive}`] : []),
    ...(program.javaOptions ?? []),
    '-cp',
    program.installation.classPath,
    program.mainClass,
    ...program.arguments,
  ]
}

/** The environment of a Java we start: nothing of ours, for ours holds secrets. */
export const javaEnvironment: Readonly<Record<string, string>> = { LC_ALL: 'C.UTF-8' }

/** Where the classes of an installation are kept as one Java maps them into memory; an archive that does not fit is ignored by Java. */
export function classArchivePath({ archiveFolder, java }: Installation): string | undefined {
  return archiveFolder === undefined ? undefined : join(archiveFolder, `classes-java-${java.version}.jsa`)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
