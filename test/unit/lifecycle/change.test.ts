import type { LifecycleRule } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { formatChange } from '../../../src/cli/s3LifecycleCommand.ts'
import { afterChanges, changesTo, isChange, isSerious, knownLeftOut, leftOut } from '../../../src/lifecycle/change.ts'
import type { LifecycleChange } from '../../../src/lifecycle/lifecyclePlan.ts'
import { describeRule, lifecycleRules } from '../../../src/lifecycle/rules.ts'
import { dangersTo } from '../../../src/storage/s3/bucketRules.ts'

const artifacts = lifecycleRules({ prefix: 'neo4j', days: 30, noncurrentDays: 7 })
const other: LifecycleRule = { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }
const told = (found: LifecycleRule[], wanted = artifacts) =>
  changesTo(found, wanted, 'neo4j').map(({ change, rule }) => `${change} ${rule.ID}`)

describe('what setting the rules changes', () => {
  test('in a bucket without any', () => expect(told([])).toEqual(['added holdfast-expire:neo4j', 'added holdfast-markers:neo4j']))

  test('nothing where they are set already, in whatever order their parts come', () => {
    const stored = artifacts.map((rule) => Object.fromEntries(Object.entries(rule).toReversed()) as unknown as LifecycleRule)
    const changes = changesTo([other, ...stored], artifacts, 'neo4j')
    expect(isChange(changes)).toBe(false)
    expect(afterChanges(changes)).toHaveLength(3)
  })

  test('nothing for ever where the server drops the removal of unfinished uploads, but it is told, and set again with the rest', () => {
    const stored = artifacts.map((rule) => {
      const { AbortIncompleteMultipartUpload: _, ...rest } = rule
      return rest
    })
    const changes = changesTo(stored, artifacts, 'neo4j')
    expect(isChange(changes)).toBe(false)
    const lost = [{ rule: 'holdfast-expire:neo4j', part: 'AbortIncompleteMultipartUpload' }]
    expect(knownLeftOut(changes)).toEqual(lost)
    expect(leftOut(artifacts, stored)).toEqual(lost)
    expect(lost.some(isSerious)).toBe(false)
    expect(afterChanges(changes)).toEqual(artifacts)
    const longer = stored.map((rule) => ({ ...rule, Expiration: { Days: 31 } }))
    expect(isChange(changesTo(longer, artifacts, 'neo4j'))).toBe(true)
  })

  test('a rule with another number of days, in its place', () => {
    const changes = changesTo([...artifacts, other], lifecycleRules({ prefix: 'neo4j', days: 90, noncurrentDays: 7 }), 'neo4j')
    expect(changes.map(({ change }) => change)).toEqual(['changed', 'kept', 'kept'])
    expect(afterChanges(changes)[0]?.Expiration?.Days).toBe(90)
  })

  test('what was set for artifacts goes where the prefix holds a repository', () => {
    const repository = lifecycleRules({ prefix: 'neo4j', days: undefined, noncurrentDays: 30 })
    const changes = changesTo([...artifacts, other], repository, 'neo4j')
    expect(told([...artifacts, other], repository)).toEqual([
      'removed holdfast-expire:neo4j',
      'removed holdfast-markers:neo4j',
      'kept logs',
      'added holdfast-repository:neo4j',
    ])
    expect(afterChanges(changes)).toEqual([other, ...repository])
  })

  test('rules of other prefixes and rules without a name are kept', () => {
    const others = [
      ...lifecycleRules({ prefix: 'neo4j/dev', days: 7, noncurrentDays: 7 }),
      { Status: 'Enabled' } as LifecycleRule,
    ]
    expect(told(others).filter((change) => change.startsWith('kept'))).toHaveLength(3)
  })
})

describe('a rule for a repository', () => {
  test.each(['', 'repository', 'a/b'])('removes nothing that is current, below %j', (prefix) => {
    const rules = lifecycleRules({ prefix, days: undefined, noncurrentDays: 30 })
    expect(dangersTo(rules, prefix)).toEqual([])
    expect(JSON.stringify(rules)).not.toMatch(/"Days"|"Date"|Transition/)
  })
})

describe('a rule that would destroy a repository at a/b', () => {
  const rule = (rest: Partial<LifecycleRule>): LifecycleRule => ({ Status: 'Enabled', Expiration: { Days: 30 }, ...rest })
  const isDanger = (one: LifecycleRule): boolean => dangersTo([one], 'a/b').length === 1

  test.each<[string, LifecycleRule]>([
    ['for the whole bucket', rule({})],
    ['for the whole bucket, in the old form', rule({ Prefix: '' })],
    ['above it', rule({ Filter: { Prefix: 'a/' } })],
    ['below it', rule({ Filter: { Prefix: 'a/b/packs/' } })],
    ['with tags too', rule({ Filter: { And: { Prefix: 'a', Tags: [] } } })],
    ['on a date', rule({ Expiration: { Date: new Date() } })],
    ['that archives', { Status: 'Enabled', Transitions: [{ Days: 1, StorageClass: 'DEEP_ARCHIVE' }] }],
  ])('%s is found', (_, one) => expect(isDanger(one)).toBe(true))

  test('that does not say whether it is on is found', () => {
    const one = { Expiration: { Days: 30 } } as LifecycleRule
    expect([isDanger(one), describeRule(one)]).toEqual([true, 'objects are removed after 30 days'])
  })

  test.each<[string, LifecycleRule]>([
    ['disabled', rule({ Status: 'Disabled' })],
    ['of another prefix', rule({ Filter: { Prefix: 'a/bc' } })],
    ['for versions that were replaced', rule({ Expiration: undefined, NoncurrentVersionExpiration: { NoncurrentDays: 1 } })],
    ['to a class that is read at once', { Status: 'Enabled', Transitions: [{ Days: 1, StorageClass: 'STANDARD_IA' }] }],
    [
      'to one that is read at once and is called after a glacier',
      { Status: 'Enabled', Transitions: [{ StorageClass: 'GLACIER_IR' }] },
    ],
  ])('%s is none', (_, one) => expect(isDanger(one)).toBe(false))
})

test('what a server dropped is told', () => {
  const [first, second] = artifacts
  const { AbortIncompleteMultipartUpload: _, ...stored } = first!
  expect(leftOut([first!, second!], [stored])).toEqual([
    { rule: 'holdfast-expire:neo4j', part: 'AbortIncompleteMultipartUpload' },
    { rule: 'holdfast-markers:neo4j', part: 'the whole rule' },
  ])
})

test('a rule without a name is there where the rest of it is, also where the server has given it one', () => {
  const { ID: _, ...unnamed } = other
  const another = { ...unnamed, Filter: { Prefix: 'tmp/' } }
  expect(leftOut([unnamed, another], [another, unnamed])).toEqual([])
  expect(leftOut([unnamed, another], [another, { ...unnamed, ID: 'given' }])).toEqual([])
  expect(leftOut([unnamed, another], [another])).toEqual([{ rule: 'without a name', part: 'the whole rule' }])
})

test('what the changes are told as says what each rule reaches', () => {
  const everything: LifecycleRule = { ID: 'tidy', Status: 'Enabled', Expiration: { Days: 300 } }
  const changes = changesTo([other, everything], artifacts, 'neo4j')
  const change: LifecycleChange = { changes, outcome: 'differs', dangers: [], unknown: [], leftOut: [] }
  const lines = formatChange({ bucket: 'b' }, change).split('\n')
  expect(lines.slice(0, 3)).toEqual([
    '  logs, what begins with logs/: objects are removed after 1 day, kept',
    '  tidy, the whole bucket: objects are removed after 300 days, kept',
    expect.stringMatching(/^\+ holdfast-expire:neo4j, what begins with neo4j\/: objects are removed after 30 days;/),
  ])
  expect(
    formatChange({ bucket: 'b' }, { ...change, unknown: ['Action', 'Age'] })
      .split('\n')
      .at(-2),
  ).toMatch(/^NOT KNOWN: .*which may remove objects: Action, Age; see /)
})
