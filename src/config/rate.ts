import { z } from 'zod'

/** Bytes a second as they are typed: `50MB`, `50M` and `50MB/s` are the same, `50MiB` is a little more. */
export const rate = z.string().transform((text, context) => {
  const [, number, letter = '', binary] = /^(\d+(?:\.\d+)?)\s*(?:([kMGT])(i)?)?B?(?:\/s)?$/i.exec(text) ?? []
  const bytes = Math.round(Number(number ?? 0) * (binary ? 1024 : 1000) ** ' kmgt'.indexOf(letter.toLowerCase() || ' '))
  if (bytes > 0) return bytes
  context.addIssue({ code: 'custom', message: 'expected a number above zero with a unit, such as 50MB or 50MiB' })
  return z.NEVER
})
