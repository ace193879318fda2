import { mayBeKey } from '../storage/s3/kmsKey.ts'
import type { FoundLock } from '../storage/s3/lock.ts'
import type { UploadPlan } from './uploadPlan.ts'
import type { RemoteObject } from './remoteObject.ts'

/** What was compared of a stored object and found as expected, and what the server tells besides. */
export interface Verified {
  /** Bytes. */
  size: number
  /** The SHA-256 of the whole that its metadata tells. */
  sha256: string
  /** The encryption that the server tells; undefined where none was asked for. */
  encryption: string | undefined
  /** The SHA-256 that the server itself computed, of the whole or of the parts; undefined where it tells none. */
  checksum: string | undefined
  checksumCovers: string | undefined
  /** Not compared: of an upload in parts it is no checksum of the content. */
  etag: string | undefined
  /** When a rule of the bucket removes it, in ISO 8601, or `unknown` where that cannot be read; undefined where the server tells of none. */
  expires: string | undefined
  /** Undefined where none was asked for. */
  lock: FoundLock | undefined
}

/** Compares what a server tells of an object with what was to be stored. @returns what differs, each a sentence. */
export function differences(plan: UploadPlan, found: RemoteObject): string[] {
  return [...contentDifferences(plan, found), ...encryptionDifferences(plan, found)]
}

/** As {@link differences}, of the content only. */
export function contentDifferences(plan: UploadPlan, { size, facts, checksum }: RemoteObject): string[] {
  return [
    ...(size === plan.size ? [] : [`expected ${plan.size} bytes, found ${size}`]),
    ...(facts?.sha256 === plan.sha256
      ? []
      : [`expected SHA-256 ${plan.sha256} in its metadata, found ${facts?.sha256 ?? 'none'}`]),
    ...(isComparable(plan, checksum) && checksum !== plan.read?.checksum
      ? [`expected the server's checksum ${plan.read?.checksum}, found ${checksum}`]
      : []),
  ]
}

/** As {@link differences}, of the encryption only. */
export function encryptionDifferences({ encryption }: UploadPlan, found: RemoteObject): string[] {
  if (encryption === undefined) return []
  if (found.encryption !== encryption.algorithm)
    return [`expected encryption ${encryption.algorithm}, found ${found.encryption ?? 'none'}`]
  const { keyId } = encryption
  return keyId === undefined || mayBeKey(keyId, found.kmsKey ?? '')
    ? []
    : [`expected it encrypted with the key ${keyId}, found ${found.kmsKey ?? 'none'}`]
}

/** What may be said to be verified of an object without {@link differences}. */
export function verifiedOf(plan: UploadPlan, found: RemoteObject, lock?: FoundLock): Verified {
  const checksum = isComparable(plan, found.checksum) ? found.checksum : undefined
  return {
    size: found.size,
    sha256: plan.sha256,
    encryption: plan.encryption && found.encryption,
    checksum,
    checksumCovers: checksum && (plan.parts === 1 ? 'the whole object' : `the digests of ${plan.parts} parts`),
    etag: found.etag,
    expires: toldOf(found.expires),
    lock,
  }
}

function toldOf(expires: RemoteObject['expires']): string | undefined {
  if (!(expires instanceof Date)) return undefined
  return Number.isNaN(expires.getTime()) ? 'unknown' : expires.toISOString()
}

/** An upload in parts of another size has another checksum for the same content. */
function isComparable({ parts, read }: UploadPlan, checksum: string | undefined): boolean {
  return read !== undefined && checksum !== undefined && partsOfChecksum(checksum) === parts
}

function partsOfChecksum(checksum: string): number {
  return Number(/-(\d+)$/.exec(checksum)?.[1] ?? 1)
}
