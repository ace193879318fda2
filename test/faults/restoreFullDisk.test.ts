import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { RestorePlan } from '../../src/recovery/restorePlan.ts'
import { makeData } from '../support/faultsData.ts'
import { onSmallDisk } from '../support/faultsProcess.ts'
import { refusal, startHoldfast, succeed } from '../support/holdfast.ts'
import { withFolder } from '../support/neo4j.ts'

test('[damage.full-disk] a disk that fills while the scratch Neo4j starts is told of soon, and as what it is', async () =>
  withFolder('restore-scratch-full', async (folder) => {
    const dataDir = await makeData(folder, { ending: 'killed', entities: 300 })
    const repo = join(folder, 'repo')
    await succeed('repo', 'init', '--repo', repo)
    await succeed('backup', 'create', '--offline', '--data-dir', dataDir, '--repo', repo)
    const restore = (target: string): string[] => ['restore', 'start', '--repo', repo, '--to-dir', target]
    const { plan } = await succeed<{ plan: RestorePlan }>(...restore(join(folder, 'large')), '--dry-run')
    const small = join(folder, 'small')
    // All files fit, and then hardly anything does.
    const inside = onSmallDisk(small, `${Math.ceil(plan.room!.needed / 1024) + 800}k`)
    const begun = performance.now()
    const outcome = await startHoldfast(restore(join(small, 'data')), { inside }).outcome
    expect(outcome, outcome.story).toMatchObject(refusal('failed', /no space left for Neo4j/))
    expect(performance.now() - begun, outcome.story).toBeLessThan(120_000)
  }))

test('[damage.full-disk] that a volume is full is found out also where Java cannot say so', async () =>
  withFolder('full-volume', async (folder) => {
    const module = JSON.stringify(new URL('../../src/neo4j/fullDisk.ts', import.meta.url).href)
    const script = `
      const { fullVolume } = await import(${module})
      console.log(await fullVolume({ home: ${JSON.stringify(folder)}, dataDir: '/not/there' }))`
    const found = async (before: string): Promise<string> => {
      const [unshare, ...words] = onSmallDisk(folder, '1m', `${before}; exec "$@"`)
      const { stdout } = await execa(unshare!, [...words, process.execPath, '--input-type=module', '--eval', script])
      return stdout.trim()
    }
    expect(await found('true')).toBe('undefined')
    expect(await found(`cat /dev/zero > "${folder}/fill" 2>/dev/null`)).toBe('nothing is free on the volume that it writes to')
  }))
