/** The environment of the system's own programs: where they lie, and nothing of ours, for ours holds secrets. */
export const systemToolEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C.UTF-8',
}
