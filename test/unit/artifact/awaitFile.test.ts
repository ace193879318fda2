import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-await-'))
  chmodSync(folder, 0o755)
  path = join(folder, 'neo4j.dump')
  writeFileSync(path, 'a dump')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What is told of the file for a user who may not read everything, as root may. */
function toldToNobody(): string {
  const module = join(import.meta.dirname, '../../../src/artifact/fetchArtifact.ts')
  const script = `
    const { awaitFile } = await import(${JSON.stringify(module)})
    if (process.getuid() === 0) process.setuid(65534)
    const { told } = await awaitFile(${JSON.stringify(path)}, { progress: () => {}, signal: new AbortController().signal })
    console.log(told?.sha256 ?? 'nothing')`
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim()
}

test('[artifact.verify] a .meta.json that may not be read keeps nobody from verifying the file beside it', () => {
  const facts = { sha256: 'ab'.repeat(32), size: 6, created_by: 'me', db_name: 'neo4j', timestamp: '2026-11-25T10:15:00Z' }
  writeFileSync(`${path}.meta.json`, JSON.stringify(facts))
  expect(toldToNobody()).toBe(facts.sha256)
  chmodSync(`${path}.meta.json`, 0)
  expect(toldToNobody()).toBe('nothing')
})
