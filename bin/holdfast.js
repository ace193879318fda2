#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can parse, so that an old one is told what to do.
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (!existsSync(main)) fail('is not built yet', "run 'npm ci' in its folder")

const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  const found = `${process.versions.node} at ${process.execPath}`
  fail(
    `needs Node 24 or newer, found ${found}`,
    "run it with 'npx holdfast' in its folder, which brings its own Node, or install Node 24",
  )
}

await import(main)

function fail(problem, next) {
  process.stderr.write(`holdfast: ${problem}\n  next: ${next}\n`)
  process.exit(2)
}
