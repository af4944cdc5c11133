#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { readConfig, usage } from './config.ts'
import { StartError } from './data-folder.ts'
import { startController } from './start-controller.ts'

/** Exit codes: 0 stopped as asked, or help; 1 could not start (said in one sentence), 2 wrong flags. */
async function main(): Promise<void> {
  process.umask(0o077)
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
