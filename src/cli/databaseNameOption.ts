import { z } from 'zod'
import { databaseNameProblem } from '../artifact/databaseName.ts'

/** The name of a database of Neo4j as it is typed. */
export const databaseName = z.string().check(({ value, issues }) => {
  const problem = databaseNameProblem(value)
  if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value })
})
