/** How a bucket is reached and what is asked for each object, as the settings say. Credentials are found by the SDK's default chain. */
export interface S3Options {
  /** Found by the SDK (environment, profile) where it is not given. */
  region?: string | undefined
  /** The URL of a server that is not Amazon's. */
  endpoint?: string | undefined
  /** Whether the bucket is named in the path instead of the host; by default where an endpoint is given. */
  pathStyle?: boolean | undefined
  /** Certificates (PEM) that are trusted instead of those of the system, of a private certificate authority. */
  certificates?: string | undefined
  /** How often a request is tried, with growing pauses, before it fails. */
  attempts?: number | undefined
  /** Milliseconds in which an answer begins once all is sent, and those in which it ends; of a large body, in which some of it goes out; of the content of an object, in which some of it comes. */
  patience?: number | undefined
  /** Told why a request is tried again and again, at most twice a minute. */
  onTrouble?: ((reason: string) => void) | undefined
  encryption?: S3Encryption | undefined
  lock?: S3Lock | undefined
  /** Somebody has said that nothing is to be locked; otherwise a missing lock may be a mistake. */
  isUnlockedMeant?: boolean | undefined
}

/** Encryption by the server: `AES256` with the server's key (SSE-S3), `aws:kms` with a key of the key service (SSE-KMS). */
export interface S3Encryption {
  algorithm: 'AES256' | 'aws:kms'
  /** Key id or ARN; the default key of the bucket or account where it is not given. */
  keyId?: string | undefined
}

/** For how long nobody (compliance), or nobody without a special right (governance), may remove what is stored. */
export interface S3Lock {
  mode: 'GOVERNANCE' | 'COMPLIANCE'
  days: number
}

/** Requests sent so far, by the name of the operation such as `PutObject`. */
export type RequestCounts = Record<string, number>
