/** The user and group `nobody`. */
export const nobody = 65_534

/** Runs what follows as `nobody`, who is refused what root never is; one who is not root needs no such thing. */
export const asNobody: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : []
