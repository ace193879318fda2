import { Date as Day, DateTime, Duration, LocalDateTime, LocalTime, Point, Time } from 'neo4j-driver'
import { expect, test } from 'vitest'
import type { PropertyValue } from '../../../src/txlog/commands/graphValue.ts'
import { decodedText, driverText } from '../../support/decodedText.ts'

/** What the decoder's reading is compared with the database by must find the same values equal, and others not. */
const pairs: [PropertyValue, unknown][] = [
  [{ type: 'boolean', value: true }, true],
  [{ type: 'string', value: 'true' }, 'true'],
  [{ type: 'integer', value: 1n }, 1n],
  [{ type: 'float', value: 1 }, 1],
  [{ type: 'float', value: -0 }, -0],
  [{ type: 'float', value: 0 }, 0],
  [{ type: 'string', value: '1' }, '1'],
  [{ type: 'bytes', value: Buffer.from([1, 255]) }, Int8Array.of(1, -1)],
  [{ type: 'list', of: 'integer', value: [1n, 2n] }, [1n, 2n]],
  [{ type: 'list', of: 'float', value: [1, 2] }, [1, 2]],
  [{ type: 'list', of: 'string', value: ['1', '2'] }, ['1', '2']],
  [{ type: 'list', of: 'date', value: ['0001-02-03'] }, [new Day(1, 2, 3)]],
  [{ type: 'date', value: '0001-02-03' }, new Day(1, 2, 3)],
  [{ type: 'date', value: '-4000-02-03' }, new Day(-4000, 2, 3)],
  [{ type: 'date', value: '+12345-02-03' }, new Day(12345, 2, 3)],
  [{ type: 'local time', value: '01:02:03.000000004' }, new LocalTime(1, 2, 3, 4)],
  [{ type: 'local time', value: '01:02:03.4' }, new LocalTime(1, 2, 3, 400_000_000)],
  [{ type: 'time', value: '01:02:03-01:30' }, new Time(1, 2, 3, 0, -5400)],
  [{ type: 'time', value: '01:02:03Z' }, new Time(1, 2, 3, 0, 0)],
  [{ type: 'local datetime', value: '2024-05-01T01:02:03' }, new LocalDateTime(2024, 5, 1, 1, 2, 3, 0)],
  [{ type: 'datetime', value: '2024-05-01T01:02:03+00:15' }, new DateTime(2024, 5, 1, 1, 2, 3, 0, 900, null)],
  [
    { type: 'datetime', value: '2024-05-01T01:02:03Z[Europe/Prague]' },
    new DateTime(2024, 5, 1, 3, 2, 3, 0, 7200, 'Europe/Prague'),
  ],
  [
    { type: 'datetime', value: '2024-05-01T01:02:04Z[Europe/Prague]' },
    new DateTime(2024, 5, 1, 3, 2, 4, 0, 7200, 'Europe/Prague'),
  ],
  [
    { type: 'datetime', value: '2024-05-01T01:02:03Z[Europe/Berlin]' },
    new DateTime(2024, 5, 1, 3, 2, 3, 0, 7200, 'Europe/Berlin'),
  ],
  [{ type: 'duration', value: 'P1M-2DT-0.5S' }, new Duration(1, -2, -1, 500_000_000)],
  [{ type: 'duration', value: 'P1M-2DT0.5S' }, new Duration(1, -2, 0, 500_000_000)],
  [{ type: 'point', value: { srid: 4326, coordinates: [1, 2] } }, new Point(4326, 1, 2)],
  [{ type: 'point', value: { srid: 9157, coordinates: [1, 2, 0] } }, new Point(9157, 1, 2, 0)],
]

test('a value from the log and one from the driver have the same text only if they are the same', () => {
  const decoded = pairs.map(([value]) => decodedText(value))
  expect(pairs.map(([, value]) => driverText(value))).toEqual(decoded)
  expect(decoded.filter((text, index) => decoded.indexOf(text) !== index)).toEqual([])
})
