import { expect, test } from 'vitest'
import { likelyVersion } from '../../../src/recovery/likelyVersion.ts'
import type { ManifestDatabase } from '../../../src/repository/manifest.ts'

test.each([
  [[12], '5.13.0'],
  [[12, 14], '5.15.0'],
  [[20, 5], '5.26.30'],
  [[5], '5.13.0'],
  [[22], '2025.05.0'],
  [[33], '2026.09.0'],
])('logs with the kernel versions %j are checked on Neo4j %s, the first that writes them', (kernelVersions, version) => {
  const databases = kernelVersions.map((kernelVersion) => ({ kernelVersion }) as ManifestDatabase)
  expect(likelyVersion({ databases })).toBe(version)
})
