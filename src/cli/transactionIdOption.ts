import { z } from 'zod'

/** The id of a transaction as it is typed: digits only, of a number that is exact. */
export const transactionIdOption = z
  .string()
  .regex(/^\d+$/, 'expected the id of a transaction, a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'expected the id of a transaction, which has 16 digits at most')
