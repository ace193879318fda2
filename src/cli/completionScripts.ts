/** What may follow an option that takes a value: some words, a directory, a file, or what nobody can guess. */
export type CompletionValue = readonly string[] | 'directory' | 'file' | 'other'

/** What may be typed after some words of a command line. */
export interface CompletionNode {
  /** The words before, such as `backup create`; empty for the first word. */
  path: string
  /** Commands or values that may follow. */
  words: readonly string[]
  /** Flags that may follow, with their dashes. */
  flags: readonly string[]
  /** By flag, what may follow those that take a value. */
  values: Readonly<Record<string, CompletionValue>>
}

export const completionScripts = { bash, zsh, fish } as const

function bash(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map(({ path, words, flags }) => `    '${path}') words='${[...words, ...flags].join(' ')}' ;;`)
  // The same flag may take other values in another command; what is the same is said once, the script stays short.
  const places = Map.groupBy(
    nodes.flatMap(({ path, values }) =>
      Object.entries(values).map(([flag, value]) => ({ place: `'${path} ${flag}'`, offered: bashValue(value) })),
    ),
    ({ offered }) => offered,
  )
  return `_holdfast() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' word words=''
  # Bash takes the sign in --option=value for a word of its own.
  if [ "$current" = '=' ]; then current=''; elif [ "$previous" = '=' ]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${nodes
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${path.includes(' ') ? `'${path}'` : `' ${path}'`}) path='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$path $previous" in
${Array.from(places, ([offered, same]) => `    ${same.map(({ place }) => place).join('|')}) ${offered}; return ;;`).join('\n')}
  esac
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _holdfast holdfast`
}

function bashValue(value: CompletionValue): string {
  if (value === 'other') return 'COMPREPLY=()'
  if (typeof value !== 'string') return `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current"))`
  // Names may hold spaces; the option adds a slash to a directory, where this runs as a completion.
  const list = `compgen -${value === 'directory' ? 'd' : 'f'} -- "$current"`
  return `COMPREPLY=(); while IFS= read -r word; do COMPREPLY+=("$word"); done < <(${list}); compopt -o filenames 2>/dev/null`
}

function zsh(nodes: readonly CompletionNode[]): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(nodes)}`
}

function fish(nodes: readonly CompletionNode[]): string {
  const first = nodes.filter(({ path }) => path !== '' && !path.includes(' ')).map(({ path }) => path)
  const groups = new Set(nodes.flatMap(({ path }) => (path.includes(' ') ? [path.split(' ')[0]!] : [])))
  return nodes
    .flatMap(({ path, words, flags, values }) => {
      const [group, command] = path.split(' ')
      const seen = (...names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`
      const condition =
        path === ''
          ? `not ${seen(...first)}`
          : command !== undefined
            ? `${seen(group!)}; and ${seen(command)}`
            : groups.has(group!)
              ? `${seen(group!)}; and not ${seen(...words)}`
              : seen(group!)
      return [
        ...(words.length > 0 ? [`complete -c holdfast -f -n '${condition}' -a '${words.join(' ')}'`] : []),
        ...flags.map((flag) => `complete -c holdfast -n '${condition}' -l ${flag.slice(2)}${fishValue(values[flag])}`),
      ]
    })
    .join('\n')
}

function fishValue(value: CompletionValue | undefined): string {
  if (value === undefined) return ''
  if (value === 'other') return ' -x'
  if (value === 'file') return ' -r -F'
  return ` -x -a '${value === 'directory' ? '(__fish_complete_directories)' : value.join(' ')}'`
}
