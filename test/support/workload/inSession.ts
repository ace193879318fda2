import { setTimeout as delay } from 'node:timers/promises'
import type { Driver, Session } from 'neo4j-driver'
import { isTransient } from './serverErrors.ts'

/** How often something is tried where Neo4j does not do it for a passing reason; all of them take some twelve seconds. */
const tries = 50

/** Does something in a session, and again in another one where Neo4j did not do it for a passing reason. */
export async function inSession(driver: Driver, work: (session: Session) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const session = driver.session({ database: 'neo4j' })
    try {
      await work(session)
      return
    } catch (error) {
      if (!isTransient(error) || attempt === tries) throw error
    } finally {
      await session.close()
    }
    // A database that is not available for a moment must not use up all tries in it.
    await delay(10 * attempt)
  }
}
