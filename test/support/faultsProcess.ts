/** The user and group `nobody`. */
export const nobody = 65_534

/** Runs what follows as `nobody`, who is refused what root never is; one who is not root needs no such thing. */
export const asNobody: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []

/**
 * Runs what follows where a folder is a file system of its own of that size, such as `24m`, which vanishes with it.
 * @param rest - what a shell does instead of running it once, as `"$@"`
 */
export function onSmallDisk(folder: string, size: string, rest = 'exec "$@"'): readonly string[] {
  return inNamespace(`mkdir -p "${folder}" && mount -t tmpfs -o size=${size} tmpfs "${folder}" || exit 99; ${rest}`)
}

/** Runs what follows where a folder cannot be written to, not even by root. */
export function withReadOnly(folder: string): readonly string[] {
  return inNamespace(`mount --bind "${folder}" "${folder}" && mount -o remount,bind,ro "${folder}" || exit 99; exec "$@"`)
}

/** Runs what follows as `nobody`, where /proc does not show the processes of others. */
export function withHiddenProcesses(): readonly string[] {
  return [...inNamespace('mount -t proc -o hidepid=2 proc /proc || exit 99; exec "$@"'), ...asNobody]
}

function inNamespace(script: string): readonly string[] {
  if (process.getuid?.() !== 0) throw new Error('this test mounts file systems: run it as root, such as in a container')
  return ['unshare', '--mount', 'sh', '-c', script, 'sh']
}
