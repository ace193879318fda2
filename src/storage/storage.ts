/**
 * Where a repository's objects live: a directory, a bucket, memory.
 * Every driver passes `test/contracts/storage.ts`.
 *
 * Names are relative paths of `[a-zA-Z0-9._-]` segments joined by `/`; no segment starts with a dot; a driver refuses any other.
 * Errors are `HoldfastError`: `repository` where the storage cannot be reached, is full or refuses, `integrity` where what it holds
 * cannot be read back. An error of a body, and the reason of an aborted signal, come through unchanged.
 */
export interface Storage {
  /** Where this is, for messages; never holds a secret. */
  readonly location: string

  /**
   * Stores an object under a name that does not exist yet. Atomic: the object is there whole and durable when this resolves,
   * or not at all. Two puts of one name: exactly one resolves. A body is read as fast as it can be stored, never gathered:
   * a chunk of it has been stored or copied when the next is asked for, so that its memory can be used again.
   * @throws ObjectExistsError where the name is taken; what is there stays untouched. PutUnsettledError where nobody can tell whether
   * the object is there, or comes to be there yet; so may one whose signal is aborted. After any other error it is not.
   */
  put(name: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>

  /**
   * Reads a whole object or a part of it. The stream ends early only where the object does: the reader checks the length.
   * The memory of a chunk is the reader's own.
   * @throws ObjectMissingError where there is none.
   */
  get(name: string, options?: StorageOptions & { range?: ByteRange }): AsyncIterable<Uint8Array>

  /** @returns undefined where there is no such object. */
  stat(name: string, options?: StorageOptions): Promise<StoredObject | undefined>

  /** All objects whose name starts with the prefix, in ascending order of the UTF-8 bytes of their names; unfinished puts are not listed. */
  list(prefix: string, options?: StorageOptions): AsyncIterable<StoredObject>

  /** Removes an object before it resolves, for good or, where the storage keeps versions, from sight; removing what is not there is no error. */
  delete(name: string, options?: StorageOptions): Promise<void>

  /**
   * Locks an object for at least as long as one that is put now. Storage that locks nothing has no such method.
   * @throws ObjectMissingError where there is none.
   */
  keep?(name: string, options?: StorageOptions): Promise<void>

  /**
   * The lock of an object that was locked on purpose, where what is put now is not locked and nobody has said that this is meant;
   * undefined where there is none. Storage that cannot lock, or is told to or not to, has no such method.
   */
  forgottenLock?(name: string, options?: StorageOptions): Promise<string | undefined>

  /**
   * What the place by itself would do to objects that are needed, such as a rule that removes them by age; undefined where nothing.
   * A place that never does anything by itself has no such method.
   */
  danger?(options?: StorageOptions): Promise<StorageDanger | undefined>

  /** What the place is set up for, as it tells when asked. A place with nothing to tell has no such method. */
  facts?(options?: StorageOptions): Promise<StorageFact[]>

  /** Requests sent so far by operation, each attempt counted. Storage without a server has none. */
  requestCounts?(): Readonly<Record<string, number>>
}

/** What a place would do to objects that are needed. */
export interface StorageDanger {
  found: string
  /** Set where the place may not be asked or does not tell, so that there may be none. */
  unknown?: true
  /** What to do about it, where no other place for the repository helps. */
  hint?: string
}

/** One of the things that a place is set up for. */
export interface StorageFact {
  name: string
  found: string
  /** What of it is a danger to a repository, and what to do. */
  warning?: string
}

export interface StorageOptions {
  signal?: AbortSignal
}

export interface PutOptions extends StorageOptions {
  /** It will be deleted soon, so that locking it against that would only leave garbage. */
  shortLived?: boolean
}

export interface ByteRange {
  /** Bytes from the start of the object. */
  offset: number
  length: number
}

export interface StoredObject {
  name: string
  /** Bytes. */
  size: number
  modified: Date
}
