#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { isControllerCommand, type ControllerCommandName } from '@varve/protocol/controller-commands'
import { keepingEnvironment, readConfig, usage } from './config.ts'
import { StartError } from './data-folder.ts'
import { startController } from './start-controller.ts'

/** Exit codes: 0 stopped as asked, or help; 1 could not start (said in one sentence), 2 wrong flags. */
async function main(): Promise<void> {
  process.umask(0o077)
  const [first, ...rest] = process.argv.slice(2)
  if (isControllerCommand(first)) {
    process.exitCode = await carryOut(first, rest)
    return
  }
  const config = parseConfig()
  if (config === null) {
    process.stdout.write(usage)
    return
  }
  const controller = await startController(config)
  process.stdout.write(`listening ${controller.url}\n`)
  // Into a log or a journal it must not go.
  const link = process.stdout.isTTY ? await controller.firstLink() : null
  if (link) process.stdout.write(`Sign in as ${link.person}, once and within an hour: ${link.url}\n`)
  const stop = () => {
    // A controller that cannot stop in time is killed; what it keeps survives that.
    setTimeout(() => process.exit(0), 1800).unref()
    controller.close().then(
      () => process.exit(0),
      () => process.exit(0),
    )
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  if (!outlivesTerminal()) process.once('SIGHUP', stop)
}

/** A command beside serving: it ends by itself, or by a signal, and leaves nothing half done. */
async function carryOut(name: ControllerCommandName, args: readonly string[]): Promise<number> {
  const { runCommand } = await import('./commands/run-command.ts')
  const abort = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => abort.abort())
  const { stdin, stderr } = process
  return await runCommand(name, args, {
    environment: keepingEnvironment(),
    terminal: stdin.isTTY && stderr.isTTY ? { input: stdin, output: stderr } : null,
    signal: abort.signal,
    print: (text) => process.stdout.write(`${text}\n`),
    remark: (text) => stderr.write(`${text}\n`),
  })
}

/** Whether it was started to go on when its terminal is gone, as by nohup(1): SIGHUP is ignored then, proc(5). */
function outlivesTerminal(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)/mu.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) !== 0n
  } catch {
    return false
  }
}

function parseConfig() {
  try {
    return readConfig(process.argv.slice(2))
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 2)
  }
}

function fail(reason: string, exitCode: number): never {
  process.stderr.write(`${reason}\n`)
  process.exit(exitCode)
}

main().catch((error: unknown) => {
  const isExpected = error instanceof StartError
  fail(
    isExpected
      ? error.message
      : `The controller cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    1,
  )
})
