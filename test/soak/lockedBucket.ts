import { FaultProxy } from '../support/faultProxy.ts'
import { startMinio } from '../support/s3Servers.ts'
import { type WatchedPlace, watchedBucket } from '../support/watchedPlace.ts'

/** A place in a bucket whose server runs as long as it is needed. */
interface LockedBucket extends AsyncDisposable {
  place: WatchedPlace
}

/** Starts a MinIO with a bucket that locks what it holds, and lets commands find it. */
export async function lockedBucket(folder: string): Promise<LockedBucket> {
  const minio = await startMinio(folder)
  const proxy = await FaultProxy.start(minio.options.endpoint!)
  minio.use({
    HOLDFAST_ENDPOINT: proxy.endpoint,
    HOLDFAST_OBJECT_LOCK: 'compliance',
    HOLDFAST_OBJECT_LOCK_DAYS: '1',
  })
  const bucket = await minio.newBucket('soak', { locked: true })
  return {
    place: watchedBucket(`s3://${bucket}/graphs/one`, proxy),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await minio[Symbol.asyncDispose]()
    },
  }
}
