import type { LogReport } from '../history/showLog.ts'
import type { ShownChange, ShownSide } from '../history/shownChange.ts'
import type { ShownTransaction } from '../history/shownTransaction.ts'
import { valueText } from '../history/shownValue.ts'
import type { ChangedGroup } from '../history/summary.ts'
import { formatSize } from './sizes.ts'
import { formatTable } from './table.ts'

/** So many things a line says at most. */
const mostParts = 6

/** The report of a log for a person: a line for each transaction, its changes below it, and what was read. */
export function formatLog({ transactions, matched, unknownNames, read }: LogReport): string {
  const lines = formatTable(transactions, [
    { title: 'transaction', value: ({ id }) => String(id), align: 'right' },
    { title: 'committed', value: ({ committed }) => committed },
    { title: 'size', value: ({ size }) => formatSize(size), align: 'right' },
    { title: 'what', value: whatText },
  ]).split('\n')
  const shown = transactions.length === 0 ? [] : lines.slice(0, 1)
  for (const [index, transaction] of transactions.entries()) shown.push(lines[index + 1]!, ...detailLines(transaction))
  return [
    ...shown,
    ...closingLines(transactions.length, matched, read),
    ...unknownNames.map((name) => `there is no ${name}`),
  ].join('\n')
}

function closingLines(shown: number, matched: number, read: LogReport['read']): string[] {
  const range = read.first === null ? 'the log holds no transactions' : `read transactions ${read.first} to ${read.last}`
  const count = matched === shown ? `${matched} match` : `the newest ${shown} of ${matched} that match, see --limit`
  const undecoded = read.undecoded === 0 ? '' : `; ${read.undecoded} could not be decoded to their end`
  return [`${range}, ${formatSize(read.bytes)}: ${count}${undecoded}`]
}

function whatText({ groups, newTokens, schema, undecoded }: ShownTransaction): string {
  const parts = [
    ...groups.map((group) => `${group.operation} ${group.count} ${groupText(group)}`),
    ...schema.map(({ operation, kind, name }) => `${operation} ${kind} ${nameText(name)}`),
    ...newTokens.map(({ of, name }) => `new ${of} ${nameText(name)}`),
  ]
  const left = parts.length - mostParts
  const text = [...parts.slice(0, mostParts), ...(left > 0 ? [`and ${left} more`] : [])].join(', ')
  if (!undecoded) return text || 'nothing of the graph'
  return `${text === '' ? '' : `${text}, then `}not decoded: ${undecoded.reason} at offset ${undecoded.offset} in it`
}

function groupText(group: Pick<ChangedGroup, 'kind' | 'labels' | 'type'>): string {
  if (group.kind === 'relationship') return `[${group.type == null ? '?' : `:${nameText(group.type)}`}]`
  return group.labels == null ? '(?)' : `(${group.labels.map((label) => `:${nameText(label)}`).join('')})`
}

function detailLines({ changes, changesLeftOut }: ShownTransaction): string[] {
  if (changes === null) return ['    details left out: there was no room for them; narrow the filters down']
  const lines = (changes ?? []).map((change) => `    ${changeText(change)}`)
  return changesLeftOut === undefined ? lines : [...lines, `    and ${changesLeftOut} more`]
}

function changeText(change: ShownChange): string {
  const { kind, id, operation } = change
  const place = change.kind === 'relationship' && change.start !== null ? [`from node:${change.start} to node:${change.end}`] : []
  const labels =
    change.kind === 'node'
      ? [
          ...change.labelsAdded.map((label) => `+:${nameText(label)}`),
          ...change.labelsRemoved.map((label) => `-:${nameText(label)}`),
        ]
      : []
  return [`${operation} ${kind}:${id}`, groupText(change), ...place, ...labels, propertiesText(change)].filter(Boolean).join(' ')
}

function propertiesText({ operation, properties }: ShownChange): string {
  const entries = Object.entries(properties).map(([name, { before, after }]) => {
    const [had, has] = [sideText(before), sideText(after)]
    return `${nameText(name)}: ${operation === 'create' ? has : operation === 'delete' ? had : `${had} → ${has}`}`
  })
  return entries.length === 0 ? '' : `{${entries.join(', ')}}`
}

function sideText(value: ShownSide): string {
  if (value === null) return 'nothing'
  if (value === 'hidden') return '(hidden)'
  return value === 'left out' ? '?' : valueText(value)
}

/** A name as in Cypher: in backticks where it is more than letters and digits. */
function nameText(name: string): string {
  if (/^[\p{L}_#][\p{L}\p{N}_]*$/u.test(name)) return name
  return `\`${name.replaceAll(/\p{Cc}/gu, ' ').replaceAll('`', '``')}\``
}
