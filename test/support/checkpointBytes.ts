import { crc32c } from '@node-rs/crc32'
import { kernelVersions } from '../../src/txlog/kernelVersions.ts'
import { headerBytes, type HeaderSpec } from './logBytes.ts'

interface CheckpointSpec extends Pick<HeaderSpec, 'store'> {
  kernelVersion: number
  position: { logVersion: number; byteOffset: number }
  transaction: { id: number; checksum: number; commitTime: number }
}

/** A checkpoint log with one record. */
export function checkpointLogBytes({ kernelVersion, position, transaction, ...of }: CheckpointSpec): Buffer {
  const { checkpoint: layout, logFormat } = kernelVersions[kernelVersion]!
  const header = headerBytes({ format: logFormat, ...of })
  const storeId = header.subarray(logFormat === 8 ? 16 : 24).subarray(0, 64)
  const record = Buffer.alloc(layout.length)
  let at = 0
  const long = (value: number): void => void (at = record.writeBigInt64LE(BigInt(value), at))
  const place = (): void => [position.logVersion, position.byteOffset].forEach(long)
  at = record.writeUInt8(9, record.writeUInt8(kernelVersion, at))
  place()
  if (layout.oldestNotCompleted) place()
  long(transaction.commitTime + 1)
  at += storeId.copy(record, at)
  long(transaction.id)
  if (layout.appendIndexes) {
    long(transaction.id)
    at = record.writeUInt8(kernelVersion, at)
  }
  at = record.writeUInt32LE(transaction.checksum, at)
  long(transaction.commitTime)
  record.writeUInt32LE(crc32c(record.subarray(0, layout.length - 4)), layout.length - 4)
  return Buffer.concat([header, record])
}
