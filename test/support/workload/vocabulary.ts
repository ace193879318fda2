import type { Properties, PropertyValue } from '../graphModelValues.ts'
import type { Random } from './random.ts'
import { randomSentence, randomString } from './randomText.ts'
import { randomPoint, randomValue } from './randomValues.ts'

/** Labels that operations put on nodes and take off; some need quoting, two are longer than a name record. */
export const labels = [
  'Person',
  'Company',
  'Place',
  'Thing',
  'Žluťoučký kůň',
  'has space',
  '漢字',
  'back`tick',
  'A label whose name is longer than one record of the names file',
  'Another label with a name that needs several records of it: 0123456789',
  'Kilo',
  'Lima',
  'Mike',
  'November',
] as const

/** The label sets nodes are created with; more than seven labels (and fewer with high ids) go to dynamic label records. */
export const labelSets: readonly (readonly string[])[] = [
  [],
  ...labels.map((label) => [label]),
  ['Person', 'Company'],
  ['Person', 'Place', 'Kilo'],
  ['Company', 'has space', '漢字', 'Lima'],
  labels.slice(3, 10),
  labels.slice(0, 9),
  labels.slice(),
]

export const relationshipTypes = ['KNOWS', 'OWNS', 'LIES_IN', 'has space too', '漢字_TYPE'] as const

/** Properties whose values keep to one meaning, and which the indexes of the schema client are mostly on. */
const meaningful = {
  name: (random: Random) => (random.chance(0.5) ? random.pick(names) : randomString(random, 120)),
  rank: (random: Random) => BigInt(random.between(-50, 50)),
  place: randomPoint,
  body: (random: Random) => randomSentence(random, random.between(1, 30)),
  embedding: (random: Random) => Array.from({ length: embeddingSize }, () => random.fraction() * 2 - 1),
} satisfies Record<string, (random: Random) => PropertyValue>

/** Length of the vectors in `embedding`. */
export const embeddingSize = 8

const names = ['Ada', 'Bo', 'Chloé', 'Đorđe', '李', 'name with spaces', 'x'.repeat(120), '', '0042', 'ada']

/** Properties that hold a value of any type, another one after each change. */
const anything = [
  'k0',
  'k1',
  'k2',
  'k3',
  'k4',
  'k5',
  'key with space',
  'a key whose name is longer than one record of the file',
] as const

/** Properties for values too large for an index; none is ever created on them. */
export const largeKeys = ['large0', 'large1'] as const

const nodeKeys = [...Object.keys(meaningful), ...anything]
const relationshipKeys = ['name', 'rank', 'place', 'body', ...anything.slice(0, 5)]

/** Up to `most` properties of a node. */
export function randomNodeProperties(random: Random, most: number): Record<string, PropertyValue> {
  return randomProperties(random, random.sample(nodeKeys, random.between(0, most)))
}

/** Up to `most` properties of a relationship. */
export function randomRelationshipProperties(random: Random, most: number): Record<string, PropertyValue> {
  return randomProperties(random, random.sample(relationshipKeys, random.between(0, most)))
}

/** Some of the keys that an entity has and an operation may remove. */
export function removableKeys(random: Random, properties: Properties, most: number): string[] {
  const fixed = ['uid', 'writer']
  const keys = Object.keys(properties).filter((key) => !fixed.includes(key))
  return random.sample(keys, random.between(0, most))
}

function randomProperties(random: Random, keys: readonly string[]): Record<string, PropertyValue> {
  return Object.fromEntries(keys.map((key) => [key, randomProperty(random, key)]))
}

function randomProperty(random: Random, key: string): PropertyValue {
  const make = (meaningful as Record<string, (random: Random) => PropertyValue>)[key]
  return make !== undefined && !random.chance(0.05) ? make(random) : randomValue(random)
}
