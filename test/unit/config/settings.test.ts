import { expect, test } from 'vitest'
import { environmentName, fileKey, flagName, type Setting } from '../../../src/config/declaration.ts'
import { nearest } from '../../../src/config/nearest.ts'
import { settings } from '../../../src/config/settings.ts'

const declared: [string, Setting<unknown>][] = Object.entries(settings)

test('a name makes the flag, the variable and the key in the file', () => {
  expect([flagName('neo4jVersion'), environmentName('neo4jVersion'), fileKey('neo4jVersion')]).toEqual([
    '--neo4j-version',
    'HOLDFAST_NEO4J_VERSION',
    'neo4j-version',
  ])
})

test('no two settings share a variable', () => {
  const variables = declared.flatMap(([name, { aliases = [] }]) => [environmentName(name), ...aliases])
  expect(variables.filter((variable, index) => variables.indexOf(variable) !== index)).toEqual([])
})

test('each is described by one phrase without a full stop', () => {
  for (const [name, { description }] of declared) expect(`${name}: ${description}`).toMatch(/: \S.*[^.\s]$/)
})

test('what can be typed with a value has a placeholder, and a switch has none', () => {
  for (const [name, { flag, placeholder, schema }] of declared) {
    if (flag === false) continue
    const isSwitch = schema.safeParse('true').data === true
    expect([name, placeholder === undefined]).toEqual([name, isSwitch])
  }
})

test('the nearest name is one that could have been meant', () => {
  const names = ['data-dir', 'repo', 'database', 'user']
  expect(nearest('reop', names)).toBe('repo')
  expect(nearest('datadir', names)).toBe('data-dir')
  expect(nearest('data_dir', names)).toBe('data-dir')
  expect(nearest('colour', names)).toBeUndefined()
})

test.each(['localhost:7687', 'http://localhost:7474', 'bolt://', 'bolt://localhost:7687/x y'])(
  '%s is no URI of a server',
  (uri) => {
    expect(settings.uri.schema.safeParse(uri).success).toBe(false)
  },
)

test.each(['bolt://localhost:7687', 'neo4j+s://graph.example', 'bolt+ssc://[::1]:7687'])('%s is one', (uri) => {
  expect(settings.uri.schema.safeParse(uri).data).toBe(uri)
})
