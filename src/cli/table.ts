/** A column of a table; numbers are easier to compare on the right. */
export interface Column<Row> {
  title: string
  value: (row: Row) => string
  align?: 'left' | 'right'
}

/** A number of things: `1 object`, `2 objects`. */
export function formatCount(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** Rows in aligned columns under their titles, two spaces apart; no trailing spaces, no final newline. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ value }) => value(row)))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)))
  return cells
    .map((line) =>
      line
        .map((cell, index) => (columns[index]!.align === 'right' ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names and values under each other, the values aligned; entries without a value are left out. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
  const width = Math.max(0, ...known.map(([name]) => name.length))
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
