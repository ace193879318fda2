import { execa } from 'execa'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const main = join(import.meta.dirname, '../../src/main.ts')

/** The shell blocks of a page that are marked by `<!-- run -->` on the line before, in order. */
export function markedBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^<!-- run -->\n+```(?:sh|bash)\n([^]*?)^```$/gm)].map((match) => match[1]!)
}

/** All shell blocks of a page, marked or not. */
export function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```(?:sh|bash)\n([^]*?)^```$/gm)].map((match) => match[1]!)
}

export interface BlockRun {
  exitCode: number | undefined
  /** Both streams, with each command as it was run. */
  output: string
}

/** Runs blocks one after the other in one strict bash, in a new folder, with `holdfast` on the PATH. */
export async function runBlocks(blocks: readonly string[]): Promise<BlockRun> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-docs-'))
  try {
    mkdirSync(join(folder, 'bin'))
    mkdirSync(join(folder, 'work'))
    writeFileSync(join(folder, 'bin/holdfast'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
    const { exitCode, all } = await execa('bash', ['-euxo', 'pipefail', '-c', blocks.join('\n')], {
      cwd: join(folder, 'work'),
      env: { PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`, HOME: folder },
      all: true,
      reject: false,
    })
    return { exitCode, output: all }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
