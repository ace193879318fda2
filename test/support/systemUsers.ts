import type { Driver } from 'neo4j-driver'
import { transactionOfBookmark } from '../../src/neo4j/bookmark.ts'
import { keyOf, type Note } from './markerClients.ts'

/** Creates a user, which is a transaction of the database `system`. @returns when it was asked for and acknowledged, as of a marker */
export async function createUser(driver: Driver, number: number): Promise<Note> {
  const note: Note = { client: 0, number, sent: Date.now() }
  const session = driver.session({ database: 'system' })
  try {
    await session.run('CREATE USER $name SET PASSWORD $password', { name: keyOf(note), password: 'not a secret' })
    const transaction = Number(transactionOfBookmark(session.lastBookmarks()[0] ?? ''))
    return { ...note, transaction, acknowledged: Date.now() }
  } finally {
    await session.close()
  }
}

/** The users of a server, but for the one that it begins with. */
export async function readUsers(driver: Driver): Promise<Set<string>> {
  const { records } = await driver.executeQuery('SHOW USERS YIELD user', {}, { database: 'system' })
  return new Set(records.map((record) => String(record.get('user'))).filter((user) => user !== 'neo4j'))
}
