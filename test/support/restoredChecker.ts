import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeAdminConfiguration } from '../../src/neo4j/configuration.ts'
import type { Installation } from '../../src/neo4j/installation.ts'
import { javaArguments, javaEnvironment, quickStart } from '../../src/neo4j/javaCommand.ts'

/** What Neo4j says of a restored data directory. */
export interface Found {
  /** The markers in the database `neo4j`, once it is recovered. */
  markers: Set<string>
  /** What failed, such as a database that `neo4j-admin database check` finds inconsistent; empty where all is well. */
  problems: string[]
}

const program = join(import.meta.dirname, 'CheckRestored.java')
const settings = { 'server.bolt.enabled': 'false', 'server.memory.pagecache.size': '64m' }

/** A Java that recovers and checks restored data directories, one after the other: about a second each instead of eight. Needs a JDK. */
export class RestoredChecker implements AsyncDisposable {
  readonly #java: ChildProcessWithoutNullStreams
  readonly #ended: Promise<unknown>
  #told = ''
  readonly #lines: AsyncIterator<string>
  #last: Promise<unknown> = Promise.resolve()

  private constructor(java: ChildProcessWithoutNullStreams) {
    this.#java = java
    this.#ended = once(java, 'close')
    java.stderr.setEncoding('utf8').on('data', (text: string) => (this.#told = (this.#told + text).slice(-5000)))
    this.#lines = createInterface({ input: java.stdout })[Symbol.asyncIterator]()
  }

  static async start(installation: Installation): Promise<RestoredChecker> {
    // Java says on the standard output what it thinks of the archive of classes.
    const javaOptions = [...quickStart, '-Xlog:disable']
    const words = await javaArguments({ installation, mainClass: program, heap: '1g', javaOptions, arguments: [] })
    return new RestoredChecker(spawn(installation.java.command, words, { env: javaEnvironment }))
  }

  /** Recovers the databases of a data directory, asks for the markers, and runs `neo4j-admin database check` on each of them. */
  async check(dataDir: string): Promise<Found> {
    const home = `${dataDir}.home`
    await mkdir(join(home, 'logs'), { recursive: true })
    await writeAdminConfiguration(join(home, 'admin-conf'), { home, dataDir, settings })
    const answer = this.#last.then(async () => this.#ask(home))
    this.#last = answer.catch(() => {})
    return answer
  }

  async #ask(home: string): Promise<Found> {
    this.#java.stdin.write(`${home}\n`)
    const found: Found = { markers: new Set(), problems: [] }
    const checked: string[] = []
    for (;;) {
      const { value: line, done } = await this.#lines.next()
      if (done === true) throw new Error(`the Java that checks restored data ended:\n${this.#told}`)
      if (line === 'end') break
      const [, kind, rest] = /^(\w+) (.*)$/.exec(line) ?? []
      if (kind === 'marker') found.markers.add(rest!)
      else if (kind === 'check' && /^\w+ 0 /.test(rest!)) checked.push(rest!.split(' ', 1)[0]!)
      else found.problems.push(line.slice(-2000))
    }
    if (checked.join() !== 'neo4j,system') found.problems.push(`checked and clean: ${checked.join() || 'none'}`)
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#java.stdin.end()
    await this.#ended
  }
}
