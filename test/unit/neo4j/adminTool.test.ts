import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { neo4jAdmin } from '../../../src/neo4j/adminTool.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-admin-tool-'))
})
afterEach(() => rmSync(home, { recursive: true }))

test('a run that is aborted while it is prepared ends at once', async () => {
  const command = join(home, 'java')
  writeFileSync(command, '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 })
  const installation = { version: '5.26.30', lib: home, classPath: home, java: { command, version: '17.0.1', major: 17 } }
  const stopping = new AbortController()
  const run = neo4jAdmin(installation, { home, dataDir: home, signal: stopping.signal }, ['database', 'info'])
  stopping.abort(new Error('stopped'))
  await expect(run).rejects.toThrow('stopped')
})
