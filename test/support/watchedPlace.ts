import { join } from 'node:path'
import type { FaultProxy, Seen } from './faultProxy.ts'
import { atChange, type Moment } from './faultsMoment.ts'

/** A place for a repository, and the moments of what is written there. */
export interface WatchedPlace {
  /** As `--repo` takes it. */
  repo: string
  /** The moment after so many steps of writing: that an object is begun is one, that it is there another. */
  atWrite: (count: number, then?: () => void) => Moment
}

/** Of a directory that holds a repository: each object is a file in `.unfinished` first. */
export function watchedDirectory(repo: string): WatchedPlace {
  return { repo, atWrite: (count, then) => atChange(join(repo, '.unfinished'), count, then) }
}

/** Of a place in a bucket that is reached through a proxy. */
export function watchedBucket(repo: string, proxy: FaultProxy): WatchedPlace {
  return { repo, atWrite: (count, then) => atRequest(proxy, isWriting, count, then) }
}

/** The moment after so many steps of requests that a rule fits: that one arrives is a step, that it is answered another. */
function atRequest(proxy: FaultProxy, fits: (request: Seen) => boolean, count: number, then = () => {}): Moment {
  const { promise, resolve } = Promise.withResolvers<void>()
  let steps = 0
  const stop = proxy.watch((request) => {
    if (!fits(request)) return
    steps += 1
    if (steps !== count) return
    then()
    resolve()
  })
  return { reached: promise, [Symbol.dispose]: stop }
}

function isWriting({ method }: Seen): boolean {
  return method === 'PUT' || method === 'POST'
}
