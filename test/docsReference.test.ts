import { join } from 'node:path'
import { expect, test } from 'vitest'
import { grammar } from '../src/cli/commands.ts'
import { commandsPage, settingsPage } from './support/referencePages.ts'

const folder = join(import.meta.dirname, '../docs/reference')

// `npm run docs` writes these pages; a page that is missing or old fails.
test('docs/reference/settings.md is current', async () => {
  await expect(settingsPage()).toMatchFileSnapshot(join(folder, 'settings.md'))
})

test('docs/reference/commands.md is current', async () => {
  await expect(commandsPage(grammar())).toMatchFileSnapshot(join(folder, 'commands.md'))
})
