import { z } from 'zod'

/** A number of things, or of bytes. */
export const count = z.int().nonnegative()
/** Text that cannot steer the terminal it is printed on. */
export const text = z
  .string()
  .max(4096)
  .refine((value) => !/[\u0000-\u001f\u007f-\u009f]/.test(value), 'control characters')
/** Neo4j's own rule for the names of databases. */
export const databaseName = z.string().regex(/^(system|[a-zA-Z][a-zA-Z0-9.-]{2,62})$/)
/** ISO 8601 in UTC. */
export const moment = z.iso.datetime({ offset: false })
/** 64-bit numbers of Neo4j that a JSON number cannot hold are decimal text. */
export const long = z.string().regex(/^-?\d{1,20}$/)
/** A numeric owner or group: Linux has 32 bits for it. */
export const owner = count.max(0xff_ff_ff_ff)
/** A path that cannot leave the directory it is restored into. */
export const relativePath = z
  .string()
  .min(1)
  .max(4096)
  .refine(
    (path) =>
      !/[\u0000-\u001f\u007f-\u009f\\]/.test(path) &&
      path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'unsafe path',
  )
/** A file of a database, that can be made on any file system: `databases/<database>/…` or `transactions/<database>/…`. */
export const databasePath = relativePath.refine((path) => {
  const [folder, ...parts] = path.split('/')
  return (
    ['databases', 'transactions'].includes(folder!) && parts.length >= 2 && parts.every((part) => Buffer.byteLength(part) <= 255)
  )
}, 'no file of a database')
