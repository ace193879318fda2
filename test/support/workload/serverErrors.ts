import { Neo4jError } from 'neo4j-driver'

/** Whether the server went away, so that nobody knows whether what was asked last has happened. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Neo4jError)) return false
  // What a driver says that was closed because its server is gone; it gives that no code.
  if (error.message.startsWith('Pool is closed')) return true
  return error.code === 'ServiceUnavailable' || error.code === 'SessionExpired'
}

/** Whether Neo4j refused the transaction or rolled it back for a passing reason, such as a deadlock or a database that is not available yet. */
export function isTransient(error: unknown): boolean {
  return error instanceof Neo4jError && /^Neo\.TransientError\.|\.LockAcquisitionTimeout$/.test(error.code)
}

export function isConstraintViolation(error: unknown): boolean {
  return error instanceof Neo4jError && error.code === 'Neo.ClientError.Schema.ConstraintValidationFailed'
}

/** Whether an index of the same name is there, and no constraint that it belongs to. */
export function isIndexThere(error: unknown): boolean {
  return error instanceof Neo4jError && error.code === 'Neo.ClientError.Schema.IndexWithNameAlreadyExists'
}
