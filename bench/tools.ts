import { execFileSync } from 'node:child_process'

const packages = { '/usr/bin/time': 'time', restic: 'restic', zstd: 'zstd', rclone: 'rclone', aws: 'awscli' }

/** Makes sure that tools to compare with are installed. @throws with how to get those that are not. */
export function requireTools(...tools: (keyof typeof packages)[]): void {
  const missing = tools.filter((tool) => !isInstalled(tool)).map((tool) => packages[tool])
  if (missing.length > 0)
    throw new Error(`this benchmark compares with tools that are not installed: apt-get install ${missing.join(' ')}`)
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('which', [tool])
    return true
  } catch {
    return false
  }
}
