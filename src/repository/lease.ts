import type { Clock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import { listedButMissing } from './contradiction.ts'
import { type LeaseGeneration, type LeaseState, leaseGenerations, readGeneration, succeed } from './leaseState.ts'
import { leaseName } from './names.ts'
import { isDead, ownIdentity, type ProcessIdentity } from '../core/processIdentity.ts'

/** Milliseconds. A holder renews three times before its lease expires. */
export const leaseTimes = { life: 60_000, renewal: 20_000, retry: 5_000, skew: 30_000, poll: 1_000 } as const

/** Generations that are kept behind the current one, so that a slow contender finds its predecessor gone and not a gap. */
const keptGenerations = 8

/** How often the newest generation may be gone when it is read, which happens to one who is slow. */
const mostVanished = 5

export interface LeaseOptions {
  clock: Clock
  /** What the lease is taken for, for the message others get. */
  command: string
  signal?: AbortSignal | undefined
  /** How long to wait for another holder, in milliseconds; 0 by default. */
  wait?: number | undefined
  /** Who takes it; this process by default. */
  process?: ProcessIdentity
}

/**
 * Takes an exclusive lease. It renews itself until it is released; one whose holder is gone is taken over by itself.
 * @throws HoldfastError `refused` where someone else holds it.
 */
export async function acquireLease(storage: Storage, name: string, options: LeaseOptions): Promise<Lease> {
  const { clock, signal } = options
  const process = options.process ?? (await ownIdentity())
  const deadline = clock.monotonic() + (options.wait ?? 0)
  const watch = new Watch(clock)
  let vanished = 0
  for (;;) {
    signal?.throwIfAborted()
    const generations = await leaseGenerations(storage, name)
    const highest = generations.at(-1)
    const current = highest === undefined ? undefined : await readGeneration(storage, name, highest)
    if (highest !== undefined && !current) {
      if (++vanished > mostVanished) throw listedButMissing(storage, leaseName(name, highest))
      if (vanished > 1) await clock.sleep(leaseTimes.poll, signal)
      continue
    }
    vanished = 0

    const holder = current && (await currentHolder(current, clock, process))
    if (holder && !watch.isGone(highest!)) {
      const mayBeGone = isImplausible(holder, clock) && watch.isSilent
      if (clock.monotonic() >= deadline && !mayBeGone) throw heldBy(holder, storage.location, name)
      await clock.sleep(leaseTimes.poll, signal)
      continue
    }
    const lease = new Lease(storage, name, options.command, process, clock)
    if (await lease.start(highest ?? 0, generations[0] ?? 1)) return lease
  }
}

/** A clock that is ahead, the holder's or the storage's, gives a lease more time than any has; only a holder that renews it lives then. */
function isImplausible({ expires }: Holder, clock: Clock): boolean {
  return expires.getTime() > clock.now().getTime() + leaseTimes.life + leaseTimes.skew
}

/** Watches by this machine's own clock whether a lease is renewed. */
class Watch {
  readonly #clock: Clock
  #seen: { generation: number; since: number } | undefined
  /** Whether it was not renewed since the first look. */
  isSilent = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether that generation has been the newest for longer than a living holder leaves it. */
  isGone(generation: number): boolean {
    const now = this.#clock.monotonic()
    if (this.#seen?.generation === generation) return now - this.#seen.since > leaseTimes.life + leaseTimes.skew
    this.isSilent = this.#seen === undefined
    this.#seen = { generation, since: now }
    return false
  }
}

interface Holder {
  state: LeaseState | undefined
  expires: Date
}

async function currentHolder(
  { state, modified }: LeaseGeneration,
  clock: Clock,
  own: ProcessIdentity,
): Promise<Holder | undefined> {
  const expires = state ? new Date(state.expires) : new Date(modified.getTime() + leaseTimes.life)
  if (state?.released || clock.now().getTime() > expires.getTime() + leaseTimes.skew) return undefined
  return state && (await isDead(state.process, own)) ? undefined : { state, expires }
}

function heldBy({ state, expires }: Holder, location: string, name: string): HoldfastError {
  const holder = state
    ? `'${state.command}' (process ${state.process.pid} on ${state.process.host}) holds the lease '${name}' since ${state.acquired}`
    : `an unreadable generation of the lease '${name}' is not old enough yet`
  return new HoldfastError(
    'refused',
    `the repository at ${location} is in use: ${holder}, until ${expires.toISOString()} unless renewed`,
    {
      hint: 'wait until it is done; if its process is gone, the lease is taken over by itself once it has expired, nothing needs to be unlocked',
    },
  )
}

/** A lease that is held; `acquireLease` makes it. */
export class Lease implements AsyncDisposable {
  readonly #storage: Storage
  readonly #name: string
  readonly #clock: Clock
  readonly #state: Omit<LeaseState, 'expires' | 'released'>
  readonly #lost = new AbortController()
  readonly #stop = new AbortController()
  #generation = 0
  #oldest = 1
  #expires = 0
  #step: Promise<unknown> = Promise.resolve()
  #renewing: Promise<void> | undefined

  constructor(storage: Storage, name: string, command: string, process: ProcessIdentity, clock: Clock) {
    this.#storage = storage
    this.#name = name
    this.#clock = clock
    this.#state = { holder: randomId(), process, command, acquired: clock.now().toISOString() }
  }

  /** Aborted, with the error as its reason, when the lease is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Called once by `acquireLease`. @returns false where someone else was faster. */
  async start(predecessor: number, oldest: number): Promise<boolean> {
    this.#generation = predecessor
    this.#oldest = oldest
    if (!(await this.#advance(false))) return false
    this.#renewing = this.#renewRegularly()
    return true
  }

  /**
   * Makes sure by a fresh renewal that nobody else has taken the lease up to now.
   * @throws HoldfastError `refused` where someone has.
   */
  async assertHeld(): Promise<void> {
    this.signal.throwIfAborted()
    await this.#renew()
    this.signal.throwIfAborted()
  }

  /**
   * Gives the lease up. Where storage does not answer, it expires by itself instead.
   * @returns false where someone else has taken it before.
   */
  async release(): Promise<boolean> {
    if (this.#stop.signal.aborted) return !this.signal.aborted
    this.#stop.abort()
    await this.#renewing
    if (this.signal.aborted) return false
    return this.#inTurn(async () => this.#advance(true)).catch(() => true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  async #renewRegularly(): Promise<void> {
    let pause: number = leaseTimes.renewal
    while (!this.#stop.signal.aborted && !this.signal.aborted) {
      try {
        await this.#clock.sleep(pause, this.#stop.signal)
      } catch {
        return
      }
      try {
        await this.#renew()
        pause = leaseTimes.renewal
      } catch (error) {
        pause = leaseTimes.retry
        if (this.#clock.now().getTime() > this.#expires) this.#lose('it could not be renewed in time', error)
      }
    }
  }

  async #renew(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.signal.aborted && !(await this.#advance(false))) this.#lose('another process has taken it over')
    })
  }

  async #advance(released: boolean): Promise<boolean> {
    const expires = this.#clock.now().getTime() + leaseTimes.life
    const state = { ...this.#state, expires: new Date(expires).toISOString(), released }
    const step = await succeed(this.#storage, this.#name, this.#generation, state)
    if (step === 'taken') return false
    this.#generation += 1
    if (step === 'written before') return this.#advance(released)
    this.#expires = expires
    // Cleaning may fail without harm: the next renewal or holder does it.
    await this.#clean().catch(() => {})
    return true
  }

  async #clean(): Promise<void> {
    for (; this.#oldest < this.#generation - keptGenerations; this.#oldest++) {
      await this.#storage.delete(leaseName(this.#name, this.#oldest))
    }
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#step.then(work, work)
    this.#step = result.catch(() => {})
    return result
  }

  #lose(reason: string, cause?: unknown): void {
    this.#lost.abort(
      new HoldfastError('refused', `lost the lease '${this.#name}' of the repository at ${this.#storage.location}: ${reason}`, {
        hint: 'nothing was damaged and no backup was made or removed half; run the command again',
        cause,
      }),
    )
  }
}
