import { z } from 'zod'

const schemes = ['bolt', 'bolt+s', 'bolt+ssc', 'neo4j', 'neo4j+s', 'neo4j+ssc']

/** Where a server answers Bolt: a scheme, a host and maybe a port. */
export const serverUri = z
  .string()
  .min(1, 'expected a value, found an empty text')
  .check(({ value, issues }) => {
    const problem = uriProblem(value)
    if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value })
  })

/** What is wrong with the URI of a server; undefined where nothing is. */
function uriProblem(value: string): string | undefined {
  if (value.includes('@')) return 'expected a URI without user and password, which are settings of their own'
  const scheme = /^([^:/]*):\/\//.exec(value)?.[1]
  if (scheme === undefined || !schemes.includes(scheme))
    return `expected a URI that begins with one of ${schemes.join('://, ')}://`
  if (!/^\w+(\+\w+)?:\/\/[^/?#\s\\]+$/.test(value)) return 'expected nothing but a host and a port in the URI'
  if (!URL.canParse(value) || new URL(value).port === '0') return 'expected a host, and a port from 1 to 65535, in the URI'
  return undefined
}
