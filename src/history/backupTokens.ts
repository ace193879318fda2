import { allBytes } from '../core/allBytes.ts'
import type { BlockTable } from '../repository/blockTable.ts'
import type { Manifest, ManifestDatabase, ManifestFile } from '../repository/manifest.ts'
import type { Repository } from '../repository/repository.ts'
import { type NewToken, transactionChanges } from '../txlog/changes/transactionChanges.ts'
import { decodeTransaction } from '../txlog/commands/decodeTransaction.ts'
import type { TokenKind } from '../txlog/commands/tokenCommand.ts'
import { logHeaderLength, readLogFileHeader } from '../txlog/logFileHeader.ts'
import { readTokenStore, tokenStoreFiles } from '../txlog/tokenStore.ts'
import { transactionsIn } from '../txlog/transactionBytes.ts'

/** The tokens that a backup knows: those in its store, and those that its log has behind its checkpoint. */
export async function backupTokens(
  repository: Repository,
  manifest: Manifest,
  database: ManifestDatabase,
  signal: AbortSignal,
): Promise<NewToken[]> {
  const table = await repository.readBlockTable(manifest, { signal })
  const read = (file: ManifestFile) => readFile(repository, table, file, signal)
  const whole = async (name: string): Promise<Buffer> => {
    const file = database.files.find(({ path }) => path === `databases/${database.name}/${name}`)
    return file ? allBytes(read(file)) : Buffer.alloc(0)
  }
  const tokens: NewToken[] = []
  for (const [kind, files] of Object.entries(tokenStoreFiles)) {
    const stored = readTokenStore(await whole(files.records), await whole(files.names), files.recordLength)
    for (const { id, name } of stored) tokens.push({ of: kind as TokenKind, id, name })
  }
  for (const file of database.files.filter(({ kind }) => kind === 'log'))
    for await (const token of tokensIn(read(file), file.path)) tokens.push(token)
  return tokens
}

async function* tokensIn(chunks: AsyncGenerator<Buffer>, path: string): AsyncGenerator<NewToken> {
  const { value: first } = await chunks.next()
  const header = first && readLogFileHeader(first, path)
  if (!header) return
  const rest = async function* (): AsyncGenerator<Buffer> {
    yield first.subarray(logHeaderLength)
    yield* chunks
  }
  for await (const { bytes } of transactionsIn(rest(), { header, position: logHeaderLength }))
    yield* transactionChanges(decodeTransaction(bytes).commands).tokens
}

function readFile(repository: Repository, table: BlockTable, file: ManifestFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  return repository.readBlocks(table, { first: file.firstBlock, count: file.blocks }, { signal })
}
