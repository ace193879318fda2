/** What a long operation tells its listeners while it runs; it never changes what the operation does. */
export interface ProgressEvent {
  /** What is being done, in an operator's words, such as `copy neo4j`. */
  phase: string
  /** Bytes, or what `unit` says, done so far in this phase. */
  done?: number
  /** The expected total of the same unit, when it is known. */
  total?: number
  /** What is counted, in the plural, such as `entities`; bytes unless told. */
  unit?: string
  note?: string
}

export type ProgressListener = (event: ProgressEvent) => void

export const silent: ProgressListener = () => {}
