#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can parse: an old one runs this again with the Node 24 that the project brings.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Where this file really is, also when a link on the PATH leads here.
const main = new URL('../dist/main.js', import.meta.url)
const ownNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))

/** Tells the second run from one that somebody else has given a channel. */
const runAgainMark = 'HOLDFAST_RUN_AGAIN'

if (!existsSync(main)) fail('is not built yet', "run 'npm ci' in its folder")
else if (isNewEnough()) {
  if (process.env[runAgainMark] !== undefined) endWithParent()
  await import(main)
} else if (existsSync(ownNode)) runAgain()
else {
  const found = `${process.versions.node} at ${process.execPath}`
  fail(`needs Node 24 or newer, found ${found}`, "run 'npm ci' in its folder, which brings that Node, or install Node 24")
}

function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= 24
}

function runAgain() {
  const child = spawn(ownNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [runAgainMark]: '1' },
  })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
    process.on(name, () => {
      // A terminal sends Ctrl-C to the child as well, for which a second one means to stop at once.
      if (!((name === 'SIGINT' || name === 'SIGQUIT') && isInForeground())) child.kill(name)
    })
  }
  child.on('error', (error) => fail(`cannot run ${ownNode}: ${error.message}`, "run 'npm ci' in its folder"))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** Who kills the process that was started, also with SIGKILL, means this one. */
function endWithParent() {
  delete process.env[runAgainMark]
  const end = () => process.kill(process.pid, 'SIGKILL')
  process.on('disconnect', end)
  if (process.connected === false) end()
  process.channel?.unref()
}

/** Whether this process is of the group to which its terminal sends what is typed (proc(5): fields 5 and 8). */
function isInForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[5] === fields[2]
  } catch {
    return process.stdin.isTTY === true
  }
}

function fail(problem, next) {
  process.stderr.write(`holdfast: ${problem}\n  next: ${next}\n`)
  process.exit(2)
}
