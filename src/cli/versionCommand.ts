import { readFileSync } from 'node:fs'
import { defineCommand } from './command.ts'

interface Versions {
  holdfast: string
  node: string
  platform: string
}

/** The version of Holdfast as package.json has it. */
export function holdfastVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

export const versionCommand = defineCommand({
  name: 'version',
  summary: 'print the version of Holdfast and of what runs it',
  examples: [{ command: 'holdfast version --json', purpose: 'for a bug report or a script' }],
  run: (): Versions => ({
    holdfast: holdfastVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }),
  text: ({ holdfast, node, platform }) => `holdfast ${holdfast} (Node ${node}, ${platform})`,
})
