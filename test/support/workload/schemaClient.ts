import type { Driver } from 'neo4j-driver'
import { inSession } from './inSession.ts'
import { Random } from './random.ts'
import type { SchemaItem } from './schemaCatalogue.ts'
import { createStatement, dropIndexStatement, dropStatement } from './schemaCatalogue.ts'
import { isIndexThere } from './serverErrors.ts'
import type { Position } from './writer.ts'

export interface SchemaStep {
  action: 'create' | 'drop'
  item: SchemaItem
}

/** What the schema client does as step `number`, given the names of the items that exist then. */
export function planSchemaStep(
  seed: string,
  number: number,
  catalogue: readonly SchemaItem[],
  existing: ReadonlySet<string>,
): SchemaStep {
  const random = new Random(`${seed}/schema/${number}`)
  const present = catalogue.filter(({ name }) => existing.has(name))
  const absent = catalogue.filter(({ name }) => !existing.has(name))
  const create = present.length === 0 || (absent.length > 0 && random.chance(absent.length > present.length ? 0.8 : 0.4))
  return create ? { action: 'create', item: random.pick(absent) } : { action: 'drop', item: random.pick(present) }
}

/** The names of the items that exist after a step. */
export function afterSchemaStep(existing: ReadonlySet<string>, { action, item }: SchemaStep): Set<string> {
  const names = new Set(existing)
  if (action === 'create') names.add(item.name)
  else names.delete(item.name)
  return names
}

/**
 * A client that changes the schema step by step. A schema change cannot share a transaction with data, so its marker node
 * says before each step that it has begun and after it that it is done.
 */
export class SchemaClient {
  readonly #seed: string
  readonly #catalogue: readonly SchemaItem[]
  #existing: ReadonlySet<string> = new Set()
  #done = 0
  #begun = 0

  constructor(seed: string, catalogue: readonly SchemaItem[]) {
    this.#seed = seed
    this.#catalogue = catalogue
  }

  get position(): Position {
    return { acknowledged: this.#done, sent: this.#begun }
  }

  /** Does the next step, or again the one during which the server went away. */
  async step(driver: Driver): Promise<void> {
    const number = this.#done + 1
    const step = planSchemaStep(this.#seed, number, this.#catalogue, this.#existing)
    this.#begun = number
    await run(driver, 'MATCH (s:SchemaClient) SET s.begun = $number', { number: BigInt(number) })
    await doStep(driver, step)
    if (new Random(`${this.#seed}/await/${number}`).chance(0.5)) await run(driver, 'CALL db.awaitIndexes(300)')
    await run(driver, 'MATCH (s:SchemaClient) SET s.done = $number', { number: BigInt(number) })
    this.#existing = afterSchemaStep(this.#existing, step)
    this.#done = number
  }
}

async function doStep(driver: Driver, { action, item }: SchemaStep): Promise<void> {
  if (action === 'drop') return run(driver, dropStatement(item))
  try {
    await run(driver, createStatement(item))
  } catch (error) {
    // A constraint is made in two transactions. A server killed between them keeps its index, which stands in the way.
    if (!item.unique || !isIndexThere(error)) throw error
    await run(driver, dropIndexStatement(item))
    await run(driver, createStatement(item))
  }
}

async function run(driver: Driver, text: string, parameters: Record<string, unknown> = {}): Promise<void> {
  await inSession(driver, async (session) => void (await session.run(text, parameters)))
}
