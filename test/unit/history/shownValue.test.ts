import { expect, test } from 'vitest'
import { searchText, shownValue, valueText } from '../../../src/history/shownValue.ts'
import type { PropertyValue } from '../../../src/txlog/commands/graphValue.ts'

test.each<[PropertyValue, unknown, string, string?]>([
  [{ type: 'boolean', value: true }, true, 'true'],
  [{ type: 'integer', value: 2n ** 62n }, 2n ** 62n, '4611686018427387904'],
  [{ type: 'float', value: 1 }, 1, '1.0'],
  [{ type: 'float', value: 0.1 }, 0.1, '0.1'],
  [{ type: 'float', value: Number.NaN }, 'NaN', 'NaN'],
  [{ type: 'float', value: -Infinity }, '-Infinity', '-Infinity'],
  [{ type: 'float', value: -0 }, '-0', '-0'],
  [{ type: 'string', value: "it's" }, "it's", "'it\\'s'", "it's"],
  [{ type: 'string', value: 'a\u001b[31m' }, 'a\u001b[31m', "'a\\u001b[31m'", 'a\u001b[31m'],
  [{ type: 'date', value: '2024-05-01' }, '2024-05-01', '2024-05-01'],
  [{ type: 'bytes', value: Buffer.from([1, 2, 255]) }, 'AQL/', 'bytes AQL/'],
  [
    { type: 'point', value: { srid: 4326, coordinates: [1, 2.5] } },
    { srid: 4326, coordinates: [1, 2.5] },
    'point(1, 2.5; srid 4326)',
  ],
  [{ type: 'list', of: 'string', value: ['a', 'b'] }, ['a', 'b'], "['a', 'b']"],
  [{ type: 'list', of: 'float', value: [1, Number.NaN] }, [1, 'NaN'], '[1.0, NaN]'],
  [{ type: 'list', of: 'integer', value: [] }, [], '[]'],
  [{ type: 'unreadable', value: 'why' }, 'why', 'why'],
])('a value is shown: %#', (value, plain, text, search = text) => {
  expect(shownValue(value).value).toEqual(plain)
  expect(valueText(shownValue(value))).toBe(text)
  expect(searchText(value)).toBe(search)
})

test('long texts are cut for a line, and searched for whole', () => {
  const value: PropertyValue = { type: 'string', value: 'x'.repeat(1000) }
  expect(valueText(shownValue(value), 10)).toBe(`'${'x'.repeat(8)}… (1002 characters)`)
  expect(searchText(value)).toHaveLength(1000)
})
