import { join } from 'node:path'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { compactTime } from '../../src/core/ids.ts'
import { mapOrdered } from '../../src/core/mapOrdered.ts'
import { namedVersions } from '../../src/neo4j/versions.ts'
import { actProject } from '../support/act.ts'
import { assumeRole, policy } from '../support/awsRoles.ts'
import { succeed } from '../support/holdfast.ts'
import { withNeo4j } from '../support/neo4j.ts'
import { awsTools, pythonTools } from '../support/pythonTools.ts'
import { kmsKeyId, type S3Server, startMinio } from '../support/s3Servers.ts'

const workflow = '.github/workflows/neo4j-backup-sync.yml'
const password = 'correct-horse'
const bucket = 'example-neo4j-backups'
const prefix = 'exports'

/** More old exports than a server tells in one answer, and a new one of another database. */
async function addOthers({ client }: S3Server): Promise<void> {
  const old = Array.from({ length: 1001 }, (_, second) => `neo4j-${compactTime(new Date(Date.UTC(2020, 0, 1, 0, 0, second)))}`)
  const put = async (name: string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${name}.dump`, Body: 'no dump' }))
  await Array.fromAsync(mapOrdered([...old, 'neo4j-eu-20990101T000000Z'], 8, put))
}

test('a live run backs up a running Neo4j and uploads with the role of deploy/aws; the weekly one proves it', async () => {
  const authentication = { user: 'neo4j', password: { reveal: () => password } }
  await withNeo4j(namedVersions.lts, { authentication }, async ({ instance, graph, folder, dataDir }) => {
    await graph.query('UNWIND range(1, 1000) AS n CREATE (:Person {n: n})', {}, { write: true })
    await using server = await startMinio(folder)
    await server.newBucket(bucket, { versioned: true })
    const repo = join(folder, 'repository')
    await succeed('repo', 'init', '--repo', repo)

    // Takes the role as the action would, from the server instead of AWS.
    const role: Record<string, string> = {
      ...(await assumeRole(server, policy('upload', { bucket, prefix }))),
      AWS_ENDPOINT_URL: server.options.endpoint!,
    }
    const lines = Object.entries(role).map(
      ([name, value]) => `echo '::add-mask::${value}'\necho '${name}=${value}' >> "$GITHUB_ENV"\n`,
    )
    const runs = await actProject(folder, workflow, { 'aws-actions/configure-aws-credentials': lines.join('') }, [
      await pythonTools(awsTools),
    ])
    const configured = {
      variables: {
        BACKUP_LIVE: 'true',
        BACKUP_ROLE_ARN: 'arn:aws:iam::111122223333:role/any',
        BACKUP_REGION: 'us-east-1',
        BACKUP_S3_BUCKET: bucket,
        BACKUP_S3_PREFIX: prefix,
        BACKUP_S3_ENDPOINT: server.options.endpoint!,
        BACKUP_USE_SSE_KMS: 'true',
        BACKUP_KMS_KEY_ARN: kmsKeyId,
        HOLDFAST_REPO: repo,
        HOLDFAST_DATA_DIR: dataDir,
        NEO4J_URI: instance.boltUri,
      },
      secrets: Object.fromEntries([['NEO4J_PASSWORD', password]]),
    }

    const weekly = async () => runs.run(workflow, { name: 'schedule', payload: { schedule: '41 4 * * 0' }, ...configured })
    const inVain = await weekly()
    expect(inVain.succeeded).toBe(false)
    expect(inVain.summary).toContain(`there is no upload of neo4j below s3://${bucket}/${prefix}`)
    expect(inVain.steps).not.toContain('Verify that it restores')

    await addOthers(server)
    const backup = await runs.run(workflow, { name: 'schedule', payload: { schedule: '17 2 * * *' }, ...configured })
    expect(backup.succeeded, backup.output).toBe(true)
    expect(backup.steps).not.toContain('Verify that it restores')
    const { Contents = [] } = await server.client.send(
      new ListObjectsV2Command({ Bucket: bucket, StartAfter: `${prefix}/neo4j-2021` }),
    )
    expect(Contents.map(({ Key }) => Key)).toEqual([
      expect.stringMatching(/^exports\/neo4j-[\dTZ-]+\.dump$/),
      expect.stringMatching(/^exports\/neo4j-[\dTZ-]+\.dump\.meta\.json$/),
      'exports/neo4j-eu-20990101T000000Z.dump',
    ])

    const verify = await weekly()
    expect(verify.succeeded, verify.output).toBe(true)
    expect(verify.output).toContain('"verdict": "good"')
    for (const secret of [password, role['AWS_SESSION_TOKEN']!]) expect(backup.output + verify.output).not.toContain(secret)
  })
})
