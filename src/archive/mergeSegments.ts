import { requireOneHistory } from '../repository/oneHistory.ts'
import type { Repository } from '../repository/repository.ts'
import type { SegmentName } from '../repository/segmentName.ts'
import type { Merge } from './mergePlan.ts'

interface MergeOptions {
  /** Is told which segment is read from now on, and undefined behind the last one. */
  onRead: (segment: SegmentName | undefined) => void
  signal: AbortSignal
}

/** Stores neighbouring segments once more as one. @throws HoldfastError `integrity` where one of them is damaged. */
export async function storeMerged({ archive }: Repository, { whole, parts }: Merge, options: MergeOptions): Promise<void> {
  const { onRead, signal } = options
  const joined = async function* (): AsyncGenerator<Buffer> {
    for (const [index, part] of parts.entries()) {
      onRead(part)
      yield* archive.readLog(part, { previousChecksum: parts[index - 1]?.checksum, signal })
    }
    onRead(undefined)
  }
  await archive.putSegment(whole, joined(), { signal })
}

/**
 * Reads a merged segment back, and only then removes those it was made of: at every moment all of the log is there.
 * @throws HoldfastError `integrity` where it is damaged, or does not hold the very log of each of them; then nothing is removed.
 */
export async function removeMerged({ archive }: Repository, { whole, parts }: Merge, options: MergeOptions): Promise<void> {
  const { onRead, signal } = options
  const ends = Map.groupBy(parts, ({ last }) => last)
  const found: SegmentName[] = []
  onRead(whole)
  await archive.verify(whole, {
    signal,
    onTransaction: ({ id, checksum }) => {
      if (ends.has(id)) found.push({ ...whole, last: id, checksum })
    },
  })
  onRead(undefined)
  // Another server's log, archived as this one's, has the same ids.
  requireOneHistory([...found, ...parts])
  for (const part of parts) await archive.deleteSegment(part, { signal })
}
