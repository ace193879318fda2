import type { Repository } from '../repository/repository.ts'
import type { SegmentName } from '../repository/segmentName.ts'
import { mergedName } from './mergePlan.ts'

/**
 * Stores neighbouring segments once more as one, reads that one back, and only then removes them: at every moment all of the log is there.
 * @throws HoldfastError `integrity` where one of them, or what was read back, is damaged; then nothing is removed.
 */
export async function mergeSegments(
  { archive }: Repository,
  parts: readonly SegmentName[],
  signal: AbortSignal,
): Promise<SegmentName> {
  const merged = mergedName(parts)
  const joined = async function* (): AsyncGenerator<Buffer> {
    for (const [index, part] of parts.entries())
      yield* archive.readLog(part, { previousChecksum: parts[index - 1]?.checksum, signal })
  }
  await archive.putSegment(merged, joined(), { signal })
  await archive.verify(merged, { signal })
  for (const part of parts) await archive.deleteSegment(part, { signal })
  return merged
}
