import { readdirSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Lowers the priority of this process, so that a database beside it goes first where both want the processor; on an idle machine nothing changes.
 * What it starts later inherits that. It cannot be taken back.
 */
export function giveWay(): void {
  for (const thread of threads()) {
    try {
      if (getPriority(thread) < constants.priority.PRIORITY_BELOW_NORMAL)
        setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
    } catch {
      // The thread has ended, or this may not be done here; the work is done all the same.
    }
  }
}

/** On Linux a priority is that of a thread; elsewhere, as number 0, that of the process. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [0]
  }
}
