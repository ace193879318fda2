import type { Repository } from '../repository/repository.ts'
import { type SegmentName, segmentName } from '../repository/segmentName.ts'
import { verifiedSlice } from '../txlog/logSlice.ts'
import { mergedName } from './mergePlan.ts'

/** Reads all of a segment. @throws HoldfastError `integrity` where it is not what its name says. */
export async function requireSound({ archive }: Repository, segment: SegmentName, signal: AbortSignal): Promise<void> {
  const stored = archive.readSegment(segment, { signal })
  for await (const _ of verifiedSlice(segment, stored, { name: segmentName(segment) })) signal.throwIfAborted()
}

/**
 * Stores neighbouring segments once more as one, reads that one back, and only then removes them: at every moment all of the log is there.
 * @throws HoldfastError `integrity` where one of them, or what was read back, is damaged; then nothing is removed.
 */
export async function mergeSegments(
  repository: Repository,
  parts: readonly SegmentName[],
  signal: AbortSignal,
): Promise<SegmentName> {
  const { archive } = repository
  const merged = mergedName(parts)
  const read = (segment: SegmentName, previousChecksum?: number): AsyncGenerator<Buffer> =>
    verifiedSlice(segment, archive.readSegment(segment, { signal }), { name: segmentName(segment), previousChecksum })
  const joined = async function* (): AsyncGenerator<Buffer> {
    for (const [index, part] of parts.entries()) yield* read(part, parts[index - 1]?.checksum)
  }
  await archive.putSegment(merged, joined(), { signal })
  await requireSound(repository, merged, signal)
  for (const part of parts) await archive.deleteSegment(part, { signal })
  return merged
}
