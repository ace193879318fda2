import type { Fault, FaultProxy, Seen } from './faultProxy.ts'

/** What becomes of a request, as a proxy asks for it. */
type Trouble = (request: Seen) => Fault | undefined

/** Lets requests meet a trouble while something happens, and until so many of them have met it; then all pass again. */
export async function troubled(
  proxy: FaultProxy,
  { trouble, times }: { trouble: Trouble; times: number },
  happens: () => Promise<void>,
): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>()
  let met = 0
  proxy.fault = (request) => {
    const fault = trouble(request)
    if (fault !== undefined) met += 1
    if (met === times) resolve()
    return fault
  }
  await Promise.all([enough, happens()])
  proxy.fault = () => undefined
}

/** The same for every request. */
export function always(fault: Fault): Trouble {
  return () => fault
}

/** For each object that is stored, or part of one. */
export function atPut(fault: Fault): Trouble {
  return ({ method }) => (method === 'PUT' ? fault : undefined)
}

/** Resolves when an object is about to be stored at a time when something holds. */
export async function nextPut(proxy: FaultProxy, holds: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = proxy.watch(({ method }) => {
    if (method === 'PUT' && holds()) resolve()
  })
  await promise
  stop()
}

/** Listings of a bucket that tell what was there before. */
export class StaleListings {
  readonly #known = new Map<string, Buffer>()
  /** How many answers told something else than the server. */
  lies = 0

  /** Notes all that are answered from now on. */
  remember(proxy: FaultProxy): void {
    proxy.fault = ({ url }) => (isList(url) ? { change: ({ body }) => void this.#known.set(url, body) } : undefined)
  }

  /** Answers each one that is known as it was answered then. */
  readonly repeat: Trouble = ({ url }) => {
    const known = isList(url) ? this.#known.get(url) : undefined
    if (!known) return undefined
    return {
      change: (answer) => {
        if (!answer.body.equals(known)) this.lies += 1
        answer.body = known
      },
    }
  }
}

function isList(url: string): boolean {
  return url.includes('list-type=2')
}
