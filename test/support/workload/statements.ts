import type { Properties } from '../graphModelValues.ts'
import type { Change } from './change.ts'
import { entityLabel } from './change.ts'

export interface Statement {
  text: string
  parameters: Record<string, unknown>
}

/** The Cypher that does one change for a writer; few distinct texts, so that Neo4j's plan cache holds them. */
export function statementOf(change: Change, writer: number): Statement {
  const identified = (uid: string, properties: Properties): Record<string, unknown> => ({
    ...properties,
    uid,
    writer: BigInt(writer),
  })
  switch (change.kind) {
    case 'create nodes':
      return {
        text: `UNWIND $rows AS row CREATE (n:${[entityLabel, ...change.labels].map(quoted).join(':')}) SET n = row`,
        parameters: { rows: change.nodes.map(({ uid, properties }) => identified(uid, properties)) },
      }
    case 'create relationships':
      return {
        text: `UNWIND $rows AS row MATCH ${nodeAt('a', 'row.from')} MATCH ${nodeAt('b', 'row.to')}
               CREATE (a)-[r:${quoted(change.type)}]->(b) SET r = row.properties`,
        parameters: {
          rows: change.relationships.map(({ uid, from, to, properties }) => ({
            from,
            to,
            properties: identified(uid, properties),
          })),
        },
      }
    case 'change node':
      return {
        text: `MATCH ${nodeAt('n', '$uid')} SET n += $values`,
        parameters: { uid: change.uid, values: withRemovals(change.set, change.remove) },
      }
    case 'change relationship':
      return {
        text: `MATCH ${nodeAt('', '$from')}-[r]->${nodeAt('', '$to')} WHERE r.uid = $uid SET r += $values`,
        parameters: {
          uid: change.at.uid,
          from: change.at.from,
          to: change.at.to,
          values: withRemovals(change.set, change.remove),
        },
      }
    case 'replace properties':
      return {
        text: `MATCH ${nodeAt('n', '$uid')} SET n = $values`,
        parameters: { uid: change.uid, values: identified(change.uid, change.properties) },
      }
    case 'mark nodes':
      return {
        text: `UNWIND $uids AS uid MATCH ${nodeAt('n', 'uid')} SET n.${quoted(change.key)} = $value`,
        parameters: { uids: change.uids, value: change.value },
      }
    case 'add label':
      return {
        text: `UNWIND $uids AS uid MATCH ${nodeAt('n', 'uid')} SET n:${quoted(change.label)}`,
        parameters: { uids: change.uids },
      }
    case 'remove label':
      return {
        text: `UNWIND $uids AS uid MATCH ${nodeAt('n', 'uid')} REMOVE n:${quoted(change.label)}`,
        parameters: { uids: change.uids },
      }
    case 'delete relationships':
      return {
        text: `UNWIND $rows AS row MATCH ${nodeAt('', 'row.from')}-[r]->${nodeAt('', 'row.to')}
               WHERE r.uid = row.uid DELETE r`,
        parameters: { rows: change.relationships.map(({ uid, from, to }) => ({ uid, from, to })) },
      }
    case 'detach delete':
      return {
        text: `UNWIND $uids AS uid MATCH ${nodeAt('n', 'uid')} DETACH DELETE n`,
        parameters: { uids: change.uids },
      }
  }
}

/** A label, type, key or name as Cypher takes it whatever characters it has. */
export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function nodeAt(variable: string, uid: string): string {
  return `(${variable}:${entityLabel} {uid: ${uid}})`
}

function withRemovals(set: Properties, remove: readonly string[]): Record<string, unknown> {
  return { ...set, ...Object.fromEntries(remove.map((key) => [key, null])) }
}
