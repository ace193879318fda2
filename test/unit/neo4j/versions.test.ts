import { describe, expect, test } from 'vitest'
import { namedVersions, resolveVersion, versionTraits, isOlder } from '../../../src/neo4j/versions.ts'

test('a short name stands for an exact version, which stands for itself', () => {
  expect(resolveVersion('lts')).toBe(namedVersions.lts)
  expect(resolveVersion('latest')).toBe(namedVersions.latest)
  expect(resolveVersion('5.20.0')).toBe('5.20.0')
})

test.each([
  ['5.13.0', [17], 'CommunityEntryPoint'],
  ['5.14.0', [17, 21], 'CommunityEntryPoint'],
  ['5.26.30', [17, 21], 'CommunityEntryPoint'],
  ['2025.01.0', [21], 'Neo4jCommunity'],
  ['2025.10.1', [21, 25], 'Neo4jCommunity'],
  ['2026.09.0', [21, 25], 'Neo4jCommunity'],
])('%s runs on Java %j as %s', (version, javaVersions, serverClass) => {
  expect(versionTraits(version)).toMatchObject({ javaVersions, serverClass: `org.neo4j.server.${serverClass}` })
})

describe('what is not known to work is refused', () => {
  test.each([
    ['5.12.0', /too old: the oldest that works is 5\.13\.0/],
    ['4.4.48', /too old/],
    ['6.0.0', /no release/],
    ['2027.01.0', /newer than the 2026 releases/],
  ])('%s', (version, message) => {
    expect(() => resolveVersion(version)).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringMatching(message) }),
    )
  })

  test.each(['5.26', 'newest', '', 'toString', '5.26.0; rm'])('%j is no version', (text) => {
    expect(() => resolveVersion(text)).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('lts') }))
  })
})

test.each([
  ['5.26.0', '5.26.30', true],
  ['5.26.30', '5.26.30', false],
  ['2025.01.0', '5.26.30', false],
  ['5.9.0', '5.13.0', true],
  ['5.26.30', '2026.09.0', true],
])('%s is older than %s: %s', (version, than, older) => expect(isOlder(version, than)).toBe(older))
