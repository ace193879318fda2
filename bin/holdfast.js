#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can parse, so that an old one is told what to do.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `holdfast: needs Node 24 or newer, found ${process.versions.node} at ${process.execPath}\n` +
      `  next: run it with 'npx holdfast' inside its folder, which brings its own Node, or install Node 24\n`,
  )
  process.exit(2)
}
await import('../dist/main.js')
