import type { Bucket } from '../storage/s3/bucket.ts'
import { completeFacts } from './artifactFacts.ts'
import { writeMeta } from './metaObject.ts'
import { lookAt } from './remoteObject.ts'
import type { UploadPlan } from './uploadPlan.ts'

/** After an upload that failed when it had replaced what was there: the object beside it is to tell about what is there now. */
export async function tellOfReplaced(bucket: Bucket, plan: UploadPlan, signal: AbortSignal): Promise<void> {
  const found = await lookAt(bucket, plan.key, signal)
  if (found?.facts?.sha256 !== plan.facts.sha256) return
  await writeMeta(bucket, plan, { facts: completeFacts(found.facts, plan.facts), isNew: false, force: true, signal })
}
