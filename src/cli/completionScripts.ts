/** What may be typed after some words of a command line. */
export interface CompletionNode {
  /** The words before, such as `backup create`; empty for the first word. */
  path: string
  /** Commands that may follow. */
  words: readonly string[]
  /** Flags that may follow, with their dashes. */
  flags: readonly string[]
}

export const completionScripts = { bash, zsh, fish } as const

function bash(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map(({ path, words, flags }) => `    '${path}') words='${[...words, ...flags].join(' ')}' ;;`)
  return `_holdfast() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${nodes
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      ${path.includes(' ') ? `'${path}'` : `' ${path}'`}) path='${path}' ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _holdfast holdfast`
}

function zsh(nodes: readonly CompletionNode[]): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(nodes)}`
}

function fish(nodes: readonly CompletionNode[]): string {
  const first = nodes.filter(({ path }) => path !== '' && !path.includes(' ')).map(({ path }) => path)
  return nodes
    .flatMap(({ path, words, flags }) => {
      const [group, command] = path.split(' ')
      const seen = (...names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`
      const condition =
        path === ''
          ? `not ${seen(...first)}`
          : command !== undefined
            ? `${seen(group!)}; and ${seen(command)}`
            : words.length > 0
              ? `${seen(group!)}; and not ${seen(...words)}`
              : seen(group!)
      return [
        ...(words.length > 0 ? [`complete -c holdfast -f -n '${condition}' -a '${words.join(' ')}'`] : []),
        ...flags.map((flag) => `complete -c holdfast -n '${condition}' -l ${flag.slice(2)}`),
      ]
    })
    .join('\n')
}
