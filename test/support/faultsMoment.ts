import { watch } from 'node:fs'

/** Something that happens at a moment of a run, and that the run may end before. */
export interface Moment extends Disposable {
  /** Resolves when it has happened; never where the run ended before. */
  reached: Promise<void>
}

/** The moment at which a folder's own entries have changed so many times. */
export function atChange(folder: string, count: number, then: () => void = () => {}): Moment {
  const { promise, resolve } = Promise.withResolvers<void>()
  let changes = 0
  const watcher = watch(folder, () => {
    changes += 1
    if (changes !== count) return
    then()
    resolve()
  })
  return { reached: promise, [Symbol.dispose]: () => watcher.close() }
}

/** The moment at which an entry of such a name appears in a folder, is changed or vanishes. */
export function atEntry(folder: string, name: string | RegExp, then: () => void = () => {}): Moment {
  const { promise, resolve } = Promise.withResolvers<void>()
  const watcher = watch(folder, (_, changed) => {
    if (changed === null || (typeof name === 'string' ? changed !== name : !name.test(changed))) return
    then()
    resolve()
  })
  return { reached: promise, [Symbol.dispose]: () => watcher.close() }
}

/** The moment so many milliseconds after another. */
export function after(moment: Moment, milliseconds: number, then: () => void): Moment {
  let timer: NodeJS.Timeout | undefined
  const reached = moment.reached.then(
    async () =>
      new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          then()
          resolve()
        }, milliseconds)
      }),
  )
  return {
    reached,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      moment[Symbol.dispose]()
    },
  }
}
