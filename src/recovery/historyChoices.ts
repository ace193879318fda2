import { HoldfastError } from '../core/errors.ts'
import type { ArchivedHistory } from '../repository/archivedHistory.ts'
import { rootOf } from '../repository/segmentName.ts'
import type { BackedUp } from './backedUp.ts'

/** A history of a database that can be restored, with the option that does so. */
export interface Choice {
  option: string
  last: number
  /** When that transaction was committed, ISO 8601; undefined where that is not known. */
  time?: string
  /** How it came about, such as the lineage it left. */
  from: string
}

/** The history of a lineage, up to where it can be restored. */
export function lineageChoice(
  { lineages }: ArchivedHistory,
  lineage: string,
  { id, time }: { id: number; time: string },
): Choice {
  const { branch } = lineages.get(lineage) ?? {}
  const from = branch
    ? `left ${branch.parent} after transaction ${branch.after}`
    : lineage === rootOf(lineage)
      ? 'the first of its store'
      : 'nobody knows which one it left'
  return { option: `--lineage ${lineage}`, last: id, time, from }
}

/** The history that only a backup has. */
export function backupChoice({ manifest: { id, timing }, base: { lastTransaction } }: BackedUp): Choice {
  return {
    option: `--id ${id}`,
    last: lastTransaction.id,
    time: lastTransaction.commitTime,
    from: `a backup of ${timing.finished} that no archived log leads to`,
  }
}

/** The refusal to choose between histories, with the option for each. */
export function severalHistories(database: string, choices: readonly Choice[]): HoldfastError {
  const said = choices.map(({ option, last, time, from }) => {
    const of = time === undefined ? '' : ` of ${time}`
    return `${option} up to transaction ${last}${of} (${from})`
  })
  return new HoldfastError(
    'refused',
    `${database} can be restored to ${choices.length} histories, and nothing tells which one is meant: ${said.join('; ')}`,
    {
      hint: `choose one, such as \`holdfast restore start ${choices[0]!.option}\`; with a lineage alone also --to-tx or --to-time`,
    },
  )
}
