import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../../../src/core/errors.ts'
import { parseConfigFile } from '../../../src/config/configFile.ts'

test('reads names and values as text, with their lines', () => {
  const values = parseConfigFile('# production\nneo4j-version: 5.26\n\nquiet: true\nuser: "backup"\n', '/etc/holdfast.yaml')
  expect([...values]).toEqual([
    ['neo4jVersion', { text: '5.26', line: 2 }],
    ['quiet', { text: 'true', line: 4 }],
    ['user', { text: 'backup', line: 5 }],
  ])
})

test('an empty file is no settings', () => {
  expect(parseConfigFile('# nothing yet\n', 'f').size).toBe(0)
})

describe('[settings.refused] a mistake is refused with file, line and the way out', () => {
  const usual = 'write one setting a line, its name, a colon, a space and its value, such as `repo: /backups`'
  const rows: readonly [text: string, message: string, hint: string][] = [
    ['user: neo4j\nreop: /backups\n', 'f:2: reop is not a setting', 'did you mean repo?'],
    ['dataDir: /data\n', 'f:1: dataDir is not a setting', 'did you mean data-dir?'],
    ['colour: red\n', 'f:1: colour is not a setting', '`holdfast help settings` lists all settings'],
    ['password: secret\n', 'f:1: password cannot be given in the settings file', 'set HOLDFAST_PASSWORD instead'],
    ['config: other.yaml\n', 'f:1: config cannot be given in the settings file', 'set HOLDFAST_CONFIG instead'],
    ['repo: [a, b]\n', 'f:1: repo: expected one value, found a list or a map', usual],
    ['- repo\n', 'f:1: expected lines such as `repo: /backups`', usual],
    ['repo: a\nrepo: b\n', 'f:2: not YAML: Map keys must be unique', usual],
  ]
  test.each(rows)('%j', (text, message, hint) => {
    expect(() => parseConfigFile(text, 'f')).toThrow(expect.objectContaining({ code: 'usage', message, hint }))
  })

  test('text that is not YAML', () => {
    expect(() => parseConfigFile('user: neo4j\nrepo: "open\n', 'f')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^f:[23]: /) }),
    )
  })
})

describe('[secrets.hidden] what was planted in the file is in no error about it', () => {
  test.each([
    'password: hunter2\n',
    'passphrase:hunter2: yes\n',
    'password=hunter2: yes\n',
    'api-key: hunter2\n',
    'password hunter2\nrepo: /backups\n',
    'password: hunter2: hunter2\n',
    'password: *hunter2\n',
    'password: !hunter2!hunter2 x\n',
    'repo: "\\hunter2"\n',
    'repo: [hunter2\n',
    '@hunter2\n',
    'repo: /a\n  hunter2\n: hunter2',
    '{password:hunter2}\n',
    'uri: bolt://neo4j:hunter2@host\nuri: x\n',
  ])('%j', (text) => {
    let message = ''
    try {
      parseConfigFile(text, 'f')
    } catch (error) {
      message = error instanceof HoldfastError ? `${error.message} ${error.hint}` : ''
    }
    expect(message).toMatch(/^f:\d+: /)
    expect(message).not.toContain('hunter2')
  })
})
