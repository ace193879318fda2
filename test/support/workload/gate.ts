import type { Driver } from 'neo4j-driver'

/** Lets clients work on a server while it is there; closing it waits until none is in the middle of a step. */
export class Gate {
  #driver: Driver | undefined
  #inside = 0
  #opened = Promise.withResolvers<void>()
  #emptied = Promise.withResolvers<void>()

  open(driver: Driver): void {
    this.#driver = driver
    this.#opened.resolve()
  }

  /** Lets nobody in any more, and resolves when nobody is inside. */
  async close(): Promise<void> {
    this.#shut()
    while (this.#inside > 0) await this.#emptied.promise
  }

  /** Closes the gate where it still leads to the given server: somebody inside found it gone. */
  lost(driver: Driver): void {
    if (this.#driver === driver) this.#shut()
  }

  /** Waits until the gate is open; whoever has entered must leave. @throws the signal's reason when it is aborted first. */
  async enter(signal: AbortSignal): Promise<Driver> {
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => aborted.reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    try {
      for (;;) {
        signal.throwIfAborted()
        if (this.#driver !== undefined) break
        await Promise.race([this.#opened.promise, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
    this.#inside++
    return this.#driver
  }

  leave(): void {
    this.#inside--
    if (this.#inside > 0) return
    this.#emptied.resolve()
    this.#emptied = Promise.withResolvers()
  }

  #shut(): void {
    if (this.#driver === undefined) return
    this.#driver = undefined
    this.#opened = Promise.withResolvers()
  }
}
