import { z } from 'zod'
import type { WantedEntity } from '../history/criteria.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const kinds = { node: 'node', relationship: 'relationship', '4': 'node', '5': 'relationship' } as const

/**
 * An entity as it is typed: its element id, `node:12`, `relationship:12`, or a property and its value. The uuid in an element id names the
 * database, which the log does not, so it is not compared.
 */
export const entityOption = z.string().transform((text, context): WantedEntity => {
  const property = /^([^=]+)=([^]*)$/.exec(text)
  if (property) return { property: property[1]!, value: property[2]! }
  const parts = text.split(':')
  const [kind, id] = [kinds[parts[0] as keyof typeof kinds], Number(parts.at(-1))]
  const isElementId = parts.length === 3 && uuid.test(parts[1]!) && /^[45]$/.test(parts[0]!)
  const isRecordId = parts.length === 2 && /^[nr]/.test(parts[0]!)
  if (kind && (isElementId || isRecordId) && /^\d+$/.test(parts.at(-1)!) && Number.isSafeInteger(id)) return { kind, id }
  context.addIssue({ code: 'custom', message: 'expected an element id, node:12, relationship:12 or a property such as uuid=abc' })
  return z.NEVER
})
