import { holdfastVersion } from '../core/version.ts'
import { defineCommand } from './command.ts'

interface Versions {
  holdfast: string
  node: string
  platform: string
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
