import { expect, test } from 'vitest'
import { kernelVersions, unknownKernelVersion } from '../../../src/txlog/kernelVersions.ts'

test.each([
  { byte: 5, name: 'V5_0', start: 26, checkpoint: 232, format: 8 },
  { byte: 12, name: 'V5_13', start: 26, checkpoint: 232, format: 8 },
  { byte: 16, name: 'V5_19', start: 26, checkpoint: 232, format: 8 },
  { byte: 17, name: 'V5_20', start: 34, checkpoint: 232, format: 9 },
  { byte: 21, name: 'V2025_04', start: 34, checkpoint: 232, format: 9 },
  { byte: 22, name: 'V2025_05', start: 30, checkpoint: 232, format: 9 },
  { byte: 29, name: 'V2026_02', start: 30, checkpoint: 232, format: 9 },
  { byte: 30, name: 'V2026_06', start: 38, checkpoint: 232, format: 9 },
  { byte: 33, name: 'V2026_10', start: 38, checkpoint: 486, format: 9 },
])(
  '$name is $byte, with a START of $start and a checkpoint of $checkpoint bytes',
  ({ byte, name, start, checkpoint, format }) => {
    const version = kernelVersions[byte]!
    expect(version).toMatchObject({ byte, name, logFormat: format })
    expect(version.start.length).toBe(start)
    expect(version.checkpoint.length).toBe(checkpoint)
  },
)

test('knows no version outside 5 to 33', () => {
  expect(kernelVersions.flatMap((version) => version?.byte ?? [])).toEqual(Array.from({ length: 29 }, (_, index) => index + 5))
})

test('an unknown version is no damage, and the error says which versions are known', () => {
  expect(unknownKernelVersion(40, 'log at offset 128')).toMatchObject({
    code: 'failed',
    message: 'log at offset 128: unknown kernel version 40 in the transaction log',
    hint: expect.stringContaining('5 (V5_0) to 33 (V2026_10)'),
  })
})
