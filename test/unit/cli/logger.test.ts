import { expect, test } from 'vitest'
import { createLogger } from '../../../src/cli/logger.ts'

test.each([true, false])(
  '[secrets.hidden] a token that a server repeats is in no log, also not at debug (terminal: %s)',
  (isTTY) => {
    const token = 'IQoJb3JpZ2luX2VjE'.repeat(20)
    const lines: string[] = []
    const log = createLogger({ isTTY, write: (line: string) => lines.push(line) }, 'debug')
    const cause = new Error(`The provided token ${token} is malformed`)
    log.debug({ err: new Error('the server refuses', { cause }) }, 'failed')
    expect(lines.join('')).toContain('The provided token … is malformed')
    expect(lines.join('')).toContain('the server refuses')
    expect(lines.join('')).not.toContain(token.slice(0, 34))
  },
)
