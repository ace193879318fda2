import { Neo4jError } from 'neo4j-driver'

/** Whether the server went away, so that nobody knows whether what was asked last has happened. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Neo4jError)) return false
  return ['ServiceUnavailable', 'SessionExpired', 'Neo.TransientError.General.DatabaseUnavailable'].includes(error.code)
}

/** Whether Neo4j rolled the transaction back for a passing reason, such as a deadlock. */
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
