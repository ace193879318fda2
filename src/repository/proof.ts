import { z } from 'zod'
import type { StorageOptions } from '../storage/storage.ts'
import type { Access } from './access.ts'
import { count, moment, text } from './manifestFields.ts'
import { proofName, proofOfName, proofsPrefix } from './names.ts'
import { jsonContent, parseContent, seal } from './sealed.ts'

const proofSchema = z.strictObject({
  backup: z.string(),
  /** When a scratch Neo4j had passed every check. */
  time: moment,
  /** The version it was checked on. */
  neo4j: text,
  /** The last transaction of each restored database: the backup's own, or one of the archived log behind it. */
  ends: z.record(z.string(), z.strictObject({ id: count, checksum: z.int() })),
  checks: count,
})

/** That a backup was restored and passed every check. */
export type Proof = z.infer<typeof proofSchema>

/** Records that a backup was proven. */
export async function putProof({ storage, master }: Access, proof: Proof, options: StorageOptions = {}): Promise<void> {
  const name = proofName(proof.backup, new Date(proof.time))
  const content = jsonContent(proof)
  parseContent(proofSchema, content, name, storage.location)
  await storage.put(name, seal({ kind: 'proof', name, master }, content), options)
}

/** When each proven backup was proven last; that the record exists is enough, its content is for people. */
export async function listProofs({ storage }: Access, options: StorageOptions = {}): Promise<Map<string, string>> {
  const proofs = new Map<string, string>()
  for await (const { name } of storage.list(proofsPrefix, options)) {
    const found = proofOfName(name)
    if (found) proofs.set(found.backup, found.time)
  }
  return proofs
}
