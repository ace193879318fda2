import { z } from 'zod'
import { type Clock, systemClock } from '../core/clock.ts'
import { HoldfastError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import type { Storage, StorageOptions } from '../storage/storage.ts'
import { ObjectExistsError, ObjectMissingError, PutUnsettledError } from '../storage/storageErrors.ts'
import type { Access } from './access.ts'
import { type Archive, archiveOf } from './archive.ts'
import { type BackupOptions, type BackupWriter, startBackup } from './backupWriter.ts'
import { type BlockTable, readBlockTable } from './blockTable.ts'
import { deleteBackups, type DeletionOptions, type DeletionPlan, type DeletionResult, planDeletion } from './deletion.ts'
import { type KeySource, newMasterKey, openKey, storeSlot } from './keys.ts'
import { requireLockRemembered } from './keeping.ts'
import { type ListedBackup, listBackups } from './listing.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { backupsPrefix, repositoryName } from './names.ts'
import { listProofs, type Proof, putProof } from './proof.ts'
import { type BlockRange, lendBlocks, readBlocks } from './readBlocks.ts'
import { jsonContent, parseContent, readObject, seal, unseal } from './sealed.ts'
import { soundBackups } from './soundBackups.ts'
import { verifyBackups, type VerifyOptions, type VerifyResult } from './verify.ts'

const repositorySchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  created: z.iso.datetime(),
  encryption: z.enum(['none', 'aes-256-gcm']),
})

/** An opened repository: where backups live. */
export interface Repository {
  readonly id: string
  readonly location: string
  readonly encrypted: boolean
  /** All backups, oldest first; one whose manifest is damaged comes with its error. */
  listBackups(options?: StorageOptions): Promise<ListedBackup[]>
  /** Those of which nothing is known to be damaged, oldest first. */
  listSoundBackups(options?: StorageOptions): Promise<Manifest[]>
  readManifest(id: string, options?: StorageOptions): Promise<Manifest>
  readBlockTable(manifest: Manifest, options?: StorageOptions): Promise<BlockTable>
  /** The plaintext of blocks in the order of the table, verified; see `readBlocks`. */
  readBlocks(table: BlockTable, range?: BlockRange, options?: StorageOptions): AsyncGenerator<Buffer, void, undefined>
  /** The same in memory that is used again once the next block is asked for, for who needs each but once. */
  lendBlocks: Repository['readBlocks']
  /** @throws HoldfastError `refused` where it is locked and what would be stored now is not, by mistake. */
  requireLockRemembered(options?: StorageOptions): Promise<void>
  startBackup(options: BackupOptions): Promise<BackupWriter>
  planDeletion(ids: readonly string[], options?: StorageOptions): Promise<DeletionPlan>
  deleteBackups(ids: readonly string[], options?: DeletionOptions): Promise<DeletionResult>
  /** Reads and checks every block of backups, or a sample of them. */
  verifyBackups(options?: VerifyOptions): Promise<VerifyResult>
  /** Records that a backup was restored and passed every check. */
  putProof(proof: Proof, options?: StorageOptions): Promise<void>
  /** When each proven backup was proven last, ISO 8601. */
  listProofs(options?: StorageOptions): Promise<Map<string, string>>
  /** The archive of transaction logs. */
  readonly archive: Archive
}

/**
 * Makes a repository in empty storage.
 * @throws HoldfastError `refused` where there is one already, or the backups of one.
 */
export async function initRepository(
  storage: Storage,
  { encryption, clock = systemClock }: { encryption?: KeySource | undefined; clock?: Clock } = {},
): Promise<{ id: string }> {
  if (await storage.stat(repositoryName)) throw alreadyThere(storage)
  for await (const { name } of storage.list(backupsPrefix)) throw orphaned(storage, name)
  const id = randomId()
  // The key first: a repository that exists can be opened.
  const key = encryption && (await storeSlot(storage, id, newMasterKey(), encryption))
  const content = jsonContent({ id, created: clock.now().toISOString(), encryption: encryption ? 'aes-256-gcm' : 'none' })
  try {
    await storage.put(repositoryName, seal({ kind: 'repository', name: repositoryName }, content))
  } catch (error) {
    // Where nobody can tell whether it is there, it must not be there without its key.
    if (key !== undefined && !(error instanceof PutUnsettledError)) await storage.delete(key)
    throw error instanceof ObjectExistsError ? alreadyThere(storage) : error
  }
  return { id }
}

/** Whether there is a repository in storage, readable or not. */
export async function repositoryExists(storage: Storage): Promise<boolean> {
  return (await storage.stat(repositoryName)) !== undefined
}

/**
 * Opens a repository.
 * @throws HoldfastError `repository` where there is none, its format is unknown, or the key is wrong, missing or not needed.
 */
export async function openRepository(
  storage: Storage,
  { key, clock = systemClock, signal }: { key?: KeySource | undefined; clock?: Clock; signal?: AbortSignal } = {},
): Promise<Repository> {
  const { location } = storage
  const object = await readObject(storage, repositoryName, 64 * 1024, signal).catch((error: unknown) => {
    if (!(error instanceof ObjectMissingError)) throw error
    throw new HoldfastError('repository', `there is no repository at ${location}`, {
      hint: 'check the location; `holdfast repo init` makes a new one',
    })
  })
  const content = unseal({ kind: 'repository', name: repositoryName }, object, location)
  const { id, encryption } = parseContent(repositorySchema, content, repositoryName, location)
  if (encryption === 'none' && key) {
    throw new HoldfastError(
      'repository',
      `repository ${id} at ${location} is not encrypted, but a passphrase or key file was given`,
      {
        hint: 'leave the key away if that is expected; otherwise someone may have replaced the repository',
      },
    )
  }
  if (encryption !== 'none' && !key) {
    throw new HoldfastError(
      'repository',
      `repository ${id} at ${location} is encrypted, and no passphrase or key file was given`,
      {
        hint: 'give the passphrase or the key file this repository was made with: --passphrase-file or --key-file',
      },
    )
  }
  const master = key && (await openKey(storage, id, key))
  return facade({ id, storage, clock, master })
}

function facade(access: Access): Repository {
  return {
    id: access.id,
    location: access.storage.location,
    encrypted: access.master !== undefined,
    listBackups: async (options) => listBackups(access, options),
    listSoundBackups: async (options) => soundBackups(access, options),
    readManifest: async (id, options) => readManifest(access, id, options),
    readBlockTable: async (manifest, options) => readBlockTable(access, manifest, options),
    readBlocks: (table, range, options) => readBlocks(access, table, range, options),
    lendBlocks: (table, range, options) => lendBlocks(access, table, range, options),
    requireLockRemembered: async (options = {}) => requireLockRemembered(access.storage, options),
    startBackup: async (options) => startBackup(access, options),
    planDeletion: async (ids, options) => planDeletion(access, ids, options),
    deleteBackups: async (ids, options) => deleteBackups(access, ids, options),
    verifyBackups: async (options) => verifyBackups(access, options),
    putProof: async (proof, options) => putProof(access, proof, options),
    listProofs: async (options) => listProofs(access, options),
    archive: archiveOf(access),
  }
}

function alreadyThere(storage: Storage): HoldfastError {
  return new HoldfastError('refused', `there is already a repository at ${storage.location}`, {
    hint: 'use it, or choose another location',
  })
}

function orphaned(storage: Storage, name: string): HoldfastError {
  return new HoldfastError(
    'refused',
    `${storage.location} holds backups (${name}) of a repository whose object '${repositoryName}' is missing`,
    {
      hint: `restore the object '${repositoryName}' from a copy, or choose another location`,
    },
  )
}
