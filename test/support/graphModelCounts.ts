import type { Driver } from 'neo4j-driver'
import type { GraphModel } from './graphModel.ts'
import type { Difference } from './graphModelCompare.ts'
import { queryRows } from './graphModelQuery.ts'
import { quoted } from './workload/statements.ts'
import { labels, relationshipTypes } from './workload/vocabulary.ts'

export interface Checked {
  /** How many questions were asked. */
  asked: number
  differences: Difference[]
}

/** Asks for the numbers Neo4j keeps beside the graph: counts by label and type, degrees of dense nodes. */
export async function checkCounts(driver: Driver, models: readonly GraphModel[]): Promise<Checked> {
  const questions = [...countQuestions(models), ...degreeQuestions(models)]
  const differences: Difference[] = []
  for (const { about, text, parameters, expected } of questions) {
    const [row] = await queryRows<{ count: bigint }>(driver, text, parameters)
    if (row?.count === BigInt(expected)) continue
    differences.push({ kind: 'different', what: 'count', uid: about, detail: `is ${row?.count}, expected ${expected}` })
  }
  return { asked: questions.length, differences }
}

interface Question {
  about: string
  text: string
  parameters?: Record<string, unknown>
  expected: number
}

function countQuestions(models: readonly GraphModel[]): Question[] {
  const nodes = models.flatMap((model) => [...model.nodes.values()])
  const relationships = models.flatMap((model) => [...model.relationships.values()])
  const labelsOf = new Map(models.flatMap((model) => [...model.nodes].map(([uid, node]) => [uid, node.labels])))
  return [
    ...[...labels, 'Entity', 'Hub'].map((label) => ({
      about: `nodes with ${label}`,
      text: `MATCH (n:${quoted(label)}) RETURN count(n) AS count`,
      expected: nodes.filter((node) => node.labels.has(label)).length,
    })),
    ...relationshipTypes.map((type) => ({
      about: `relationships ${type}`,
      text: `MATCH ()-[r:${quoted(type)}]->() RETURN count(r) AS count`,
      expected: relationships.filter((relationship) => relationship.type === type).length,
    })),
    ...relationshipTypes.map((type, index) => {
      const label = labels[index]!
      return {
        about: `relationships ${type} that start at ${label}`,
        text: `MATCH (:${quoted(label)})-[r:${quoted(type)}]->() RETURN count(r) AS count`,
        expected: relationships.filter(({ type: found, from }) => found === type && labelsOf.get(from)!.has(label)).length,
      }
    }),
    { about: 'relationships', text: 'MATCH ()-[r]->() RETURN count(r) AS count', expected: relationships.length },
  ]
}

function degreeQuestions(models: readonly GraphModel[]): Question[] {
  return models.flatMap((model) =>
    model.hubPool.items.flatMap((uid) => {
      const places = model.incident(uid).map((relationship) => model.place(relationship))
      const ask = (about: string, pattern: string, expected: number): Question => ({
        about: `${about} of dense node ${uid}`,
        text: `MATCH (h:Entity {uid: $uid}) RETURN COUNT { ${pattern} } AS count`,
        parameters: { uid },
        expected,
      })
      return [
        ask('out-degree', '(h)-->()', places.filter(({ from }) => from === uid).length),
        ask('in-degree', '(h)<--()', places.filter(({ to }) => to === uid).length),
        ...relationshipTypes.map((type) =>
          ask(
            `out-degree by ${type}`,
            `(h)-[:${quoted(type)}]->()`,
            places.filter(({ from, type: found }) => from === uid && found === type).length,
          ),
        ),
      ]
    }),
  )
}
