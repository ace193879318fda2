import { describe, expect, test } from 'vitest'
import { withoutTokens, withoutUserinfo } from '../../../src/config/secret.ts'

const MB = 1_000_000

describe('[secrets.hidden] a user and a password in a URI are hidden', () => {
  test.each([
    ['see bolt://neo4j:not-a-secret@host:7687, then', 'see bolt://[secret]@host:7687, then'],
    ['https://not-a-secret@nexus.example.org/repo', 'https://[secret]@nexus.example.org/repo'],
    ['BOLT+S://neo4j:not@a-secret@host', 'BOLT+S://[secret]@host'],
    ['s3://key:not-a-secret@bucket/dir', 's3://[secret]@bucket/dir'],
    ['one a://u:not@b and another c://u:not-a-secret@d', 'one a://[secret]@b and another c://[secret]@d'],
    ['a password with a slash: https://user:not-a/secret@host/x', 'a password with a slash: https://[secret]@host/x'],
    ['both: https://user:not@a/secret@host/x', 'both: https://[secret]@host/x'],
    ["a quote: bolt://user:not-a'secret@host", 'a quote: bolt://[secret]@host'],
    ['a bracket: bolt://user:not-a<secret>@host', 'a bracket: bolt://[secret]@host'],
    ['a blank: bolt://user:not a secret@host', 'a blank: bolt://[secret]@host'],
    [
      `{"detail":"from \\"https://u:not-a-secret@host\\"","mail":"a@b"}`,
      `{"detail":"from \\"https://[secret]@host\\"","mail":"a@b"}`,
    ],
  ])('%s', (text, shown) => expect(withoutUserinfo(text)).toBe(shown))
})

describe('what is no user stays as it is', () => {
  test.each([
    '{"uri":"s3://bucket/exports/neo4j@2026.dump","path":"/tmp/neo4j@2026.dump"}',
    's3://bucket/a@b/c:d@e.dump',
    'https://example.org/@me',
    'https://example.org:8443/@me, or https://x.org?mail=a@b',
    'bolt://localhost:7687, ask admin@example.org',
    'bolt://[::1]:7687/a@b',
    'cannot reach bolt://host: ask admin@example.org',
    "MATCH (n) WHERE n.url = 'https://a.b' AND n.mail = 'x@y' RETURN n",
  ])('%s', (text) => expect(withoutUserinfo(text)).toBe(text))
})

describe('what is long is looked through once', () => {
  test.each([
    ['one word', 'a'.repeat(MB)],
    ['schemes', 'a://'.repeat(MB / 4)],
    ['users without a host', 'a://b:c'.repeat(MB / 8)],
    ['passwords that go on', "a://b:c' ".repeat(MB / 8)],
    ['a word without an end', `a://${'b:'.repeat(MB / 2)}`],
    ['words without an at sign', `a://b:c/${'d'.repeat(MB)}`],
    ['base64', 'q0/'.repeat(MB / 3)],
    ['words that are nearly tokens', `${'aB3'.repeat(66)} `.repeat(MB / 199)],
  ])('%s', (_, text) => {
    expect(withoutUserinfo(text)).toBe(text)
    expect(withoutTokens(text)).toBe(text)
  })

  test('hosts behind many users', () => {
    expect(withoutUserinfo('a://b@'.repeat(MB / 8))).toBe('a://[secret]@')
    expect(withoutUserinfo('a://b@ '.repeat(MB / 8))).toBe('a://[secret]@ '.repeat(MB / 8))
  })
})

describe('what is as long as a token', () => {
  const token = `FwoGZXIvYXdzE${'tOkEn/0123456789+'.repeat(20)}`
  test('[secrets.hidden] and as mixed is hidden', () => expect(withoutTokens(`token ${token} is bad`)).toBe('token … is bad'))

  test.each([
    ['the name of an object', `s3://bucket/${'backups/graph-2026/'.repeat(20)}neo4j.dump`],
    ['digits of a hash', 'a1b2c3d4'.repeat(40)],
    ['a line', '-'.repeat(300)],
  ])('and is %s stays', (_, text) => expect(withoutTokens(text)).toBe(text))
})
