import { expect, test } from 'vitest'
import { isGzipName, keyOf, metaKeyOf } from '../../../src/artifact/objectKey.ts'
import { partSizeFor } from '../../../src/artifact/partSize.ts'

const plain = { prefix: '', compress: false }

test('a key is the prefix and the name of the file, with .gz where it is compressed', () => {
  expect(keyOf('/backups/neo4j.dump', plain)).toBe('neo4j.dump')
  expect(keyOf('neo4j-20261125T101500Z.backup.gz', { prefix: 'neo4j/prod', compress: false })).toBe(
    'neo4j/prod/neo4j-20261125T101500Z.backup.gz',
  )
  expect(keyOf('/backups/neo4j.dump', { prefix: 'a', compress: true })).toBe('a/neo4j.dump.gz')
  expect(metaKeyOf('a/neo4j.dump.gz')).toBe('a/neo4j.dump.gz.meta.json')
  expect(['x.gz', 'x.GZ', 'x.gzip', 'gz'].map(isGzipName)).toEqual([true, true, false, false])
})

test.each([
  ['two words.dump', /expected letters/],
  ['naïve.dump', /expected letters/],
  ['.hidden.dump', /no dot at its start/],
  ['line\nbreak.dump', /expected letters/],
  ['what?.dump', /expected letters/],
  ['a\\b.dump', /expected letters/],
  ['neo4j.dump.meta', /tells about another one/],
  ['neo4j.dump.meta.json', /tells about another one/],
  ['repository', /the object that makes a repository/],
  ['x'.repeat(1100), /at most 1014 characters/],
])('the name %j is refused', (name, message) => {
  expect(() => keyOf(`/backups/${name}`, plain)).toThrow(message)
})

test('parts grow with the file, so that 10000 suffice even where it does not compress', () => {
  const [mebibyte, gibibyte] = [1024 ** 2, 1024 ** 3]
  expect(partSizeFor(1)).toBe(16 * mebibyte)
  expect(partSizeFor(100 * gibibyte)).toBe(16 * mebibyte)
  for (const size of [200 * gibibyte, 1024 * gibibyte, 5 * 1024 * gibibyte]) {
    const partSize = partSizeFor(size)
    expect(partSize % mebibyte).toBe(0)
    expect(Math.ceil((size * 1.0005) / partSize)).toBeLessThanOrEqual(10_000)
  }
})
