import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasSystemCode } from '../core/errors.ts'
import { storeDirectory } from '../neo4j/dataDirectory.ts'
import type { NewToken } from '../txlog/changes/transactionChanges.ts'
import type { TokenKind } from '../txlog/commands/tokenCommand.ts'
import { readTokenStore, tokenStoreFiles } from '../txlog/tokenStore.ts'

/**
 * The tokens that the store of a database holds: all but those created since Neo4j last wrote its pages to disk, which its log has.
 * They are as many as a graph has names, so that holding them is no matter of its size.
 */
export async function storeTokens(dataDir: string, database: string): Promise<NewToken[]> {
  const store = storeDirectory(dataDir, database)
  const tokens: NewToken[] = []
  for (const [kind, files] of Object.entries(tokenStoreFiles)) {
    const of = kind as TokenKind
    // A record is written before its name is read, so the names must come second.
    const records = await readIfThere(join(store, files.records))
    const names = await readIfThere(join(store, files.names))
    for (const { id, name } of readTokenStore(records, names, files.recordLength)) tokens.push({ of, id, name })
  }
  return tokens
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return Buffer.alloc(0)
    throw error
  }
}
