import type { Driver } from 'neo4j-driver'

/** Streams the rows of a query that reads. The driver must give integers as bigint, or 1 and 1.0 could not be told apart. */
export async function* streamRows<Row>(
  driver: Driver,
  text: string,
  parameters: Record<string, unknown> = {},
): AsyncGenerator<Row> {
  const session = driver.session({ database: 'neo4j', defaultAccessMode: 'READ' })
  try {
    for await (const record of session.run(text, parameters)) yield record.toObject() as Row
  } finally {
    await session.close()
  }
}

/** All rows of a query that reads. */
export async function queryRows<Row>(driver: Driver, text: string, parameters: Record<string, unknown> = {}): Promise<Row[]> {
  const rows: Row[] = []
  for await (const row of streamRows<Row>(driver, text, parameters)) rows.push(row)
  return rows
}
