import { expect, test } from 'vitest'
import { processEnvironment, takeEnvironment } from '../../../src/config/environment.ts'

test('[secrets.hidden] what this program does not start itself finds no secret in the environment, and a setting is still read', () => {
  const secrets = {
    HOLDFAST_PASSPHRASE: 'not-a-secret-passphrase',
    NEO4J_PASSWORD: 'not-a-secret-password',
    NEO4J_AUTH: 'neo4j/not-a-secret-of-a-container',
  }
  const before = { ...process.env }
  try {
    Object.assign(process.env, secrets, { HOLDFAST_REPO: '/backups' })
    expect(takeEnvironment()).toMatchObject(secrets)
    expect(processEnvironment()['HOLDFAST_REPO']).toBe('/backups')
    expect(JSON.stringify(processEnvironment())).not.toContain('not-a-secret')
  } finally {
    process.env = before
  }
})
