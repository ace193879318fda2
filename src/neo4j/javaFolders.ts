import { glob } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where package managers, installers and people put a Java; `~` is the home of the user. */
const usualFolders: readonly string[] = [
  '/usr/lib/jvm/*',
  '/usr/lib64/jvm/*',
  '/usr/java/*',
  '/usr/local/java/*',
  '/usr/local/openjdk-*',
  '/opt/*',
  '/opt/java/*',
  '/opt/homebrew/opt/openjdk*',
  '/usr/local/opt/openjdk*',
  '/home/linuxbrew/.linuxbrew/opt/openjdk*',
  '/Library/Java/JavaVirtualMachines/*/Contents/Home',
  '~/Library/Java/JavaVirtualMachines/*/Contents/Home',
  '~/.sdkman/candidates/java/*',
  '~/.jdks/*',
]

/** The folders, sorted, that match the globs and may each be the home of a Java. */
export async function installedJavaHomes(folders: readonly string[] = usualFolders): Promise<string[]> {
  const homes: string[] = []
  for (const folder of folders) {
    const pattern = folder.startsWith('~/') ? join(homedir(), folder.slice(2)) : folder
    for await (const home of glob(pattern)) homes.push(home)
  }
  return homes.toSorted()
}
