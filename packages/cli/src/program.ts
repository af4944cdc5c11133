import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { CommanderError } from 'commander'
import { UsageError, type CommandContext } from './command.ts'
import { commandTable } from './commands/command-table.ts'
import type { CommandDefinition } from './grammar/command-definition.ts'
import { readConfig } from './config.ts'
import { openLog } from './log.ts'
import { explained } from './output/explain.ts'
import { buildProgram, type Globals } from './grammar/build-program.ts'
import { writeError } from '@varve/engine/system/system-error'
import { stopSignals } from '@varve/engine/system/stop-signals'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts'

/** Runs the command line and gives its exit code; never throws. */
export async function runProgram(argv: readonly string[], version: string): Promise<ExitCode> {
  const abort = new AbortController()
  /** What the command is about, in errors that name nothing nearer: its last operand, never an option. */
  let subject = 'varve'
  const interrupt = () => abort.abort(new DiskError('canceled', { file: subject, what: 'the command' }))
  for (const name of stopSignals()) process.on(name, interrupt)
  const config = readConfig()
  let exitCode: ExitCode = exitCodes.ok
  let json = false
  /** What was to be printed did not arrive. */
  const output = { failure: null as DiskError | null, isClosed: false }
  const contextOf = async (globals: Globals): Promise<CommandContext> => {
    json = globals.json === true
    const log = await openLog({ level: config.log, isVerbose: globals.verbose === true })
    return {
      config,
      signal: abort.signal,
      json,
      log,
      print: (text) => process.stdout.write(`${text}\n`),
      remark: (text) => process.stderr.write(`${text}\n`),
    }
  }
  const program = buildProgram(calledOf(argv), version, async ({ globals, about }, run) => {
    subject = about
    exitCode = await run(await contextOf(globals))
  })
  const onOutputError = (error: NodeJS.ErrnoException) => {
    // The reader has seen enough, as with `varve map … | head`: the command ends without a word, but cleans up.
    if (error.code === 'EPIPE') output.isClosed = true
    else output.failure ??= writeError(error, 'standard output')
    abort.abort(output.failure ?? new DiskError('canceled', { file: subject, what: 'the command' }))
  }
  process.stdout.on('error', onOutputError)
  // What cannot be remarked does not keep a command from its work.
  const ignore = () => {}
  process.stderr.on('error', ignore)
  try {
    await program.parseAsync([...argv])
    await flushed(process.stdout)
    if (output.failure !== null) throw output.failure
    return output.isClosed ? exitCodes.outputClosed : exitCode
  } catch (error) {
    if (output.isClosed) return exitCodes.outputClosed
    if (error instanceof CommanderError && error.exitCode === 0) {
      await flushed(process.stdout)
      if (output.failure === null) return output.isClosed ? exitCodes.outputClosed : exitCodes.ok
    }
    const isUsage = error instanceof CommanderError || error instanceof UsageError
    if (isUsage && output.failure === null) {
      explainUsage(error, json || argv.includes('--json'))
      await flushed(process.stdout)
      return output.isClosed ? exitCodes.outputClosed : exitCodes.usage
    }
    const record = toErrorRecord(abort.signal.aborted ? abort.signal.reason : error, subject)
    explain(record, json || argv.includes('--json'))
    await flushed(process.stdout)
    return output.isClosed ? exitCodes.outputClosed : exitCodeOf(record.code)
  } finally {
    for (const name of stopSignals()) process.off(name, interrupt)
  }
}

/** The command that is called by its name alone, which is all the grammar that it needs; else every one. */
function calledOf([, , first]: readonly string[]): readonly CommandDefinition[] {
  const called = commandTable.find(({ usage }) => usage.split(' ', 1)[0] === first)
  return called && !called.isAboutAll ? [called] : commandTable
}

/** Waits until the system has taken what was printed, or refused it. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
  // A refusal is told in the turn after.
  await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Commander has said it in words already; our own sentences are said here. */
function explainUsage(error: Error, json: boolean): void {
  const isHelp = error instanceof CommanderError && error.code === 'commander.help'
  const message = isHelp ? 'Say a command.' : error.message.replace(/^error: /u, '')
  const remedy = 'See varve --help, or --help after the command.'
  if (json) process.stdout.write(`${JSON.stringify({ error: { code: 'usage', message, remedy } })}\n`)
  if (error instanceof UsageError) process.stderr.write(`varve: ${message}\n`)
}

function explain(error: ErrorRecord, json: boolean): void {
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`)
  process.stderr.write(`${explained(error)}\n`)
}
