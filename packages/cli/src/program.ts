import type { WorkerPool } from '@varve/engine/run/worker-pool'
import { DiskError, toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import { Command, CommanderError, Option } from 'commander'
import { UsageError, type AcceptOptions, type CommandContext, type Outcome } from './command.ts'
import { readConfig } from './config.ts'
import { writeError } from '@varve/engine/files/system-error'
import { stopSignals } from '@varve/engine/stop-signals'
import type { ReadingOptions } from './input.ts'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts'

interface Globals {
  readonly json?: boolean
}

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
  const contextOf = (globals: Globals): CommandContext => {
    json = globals.json === true
    return {
      config,
      signal: abort.signal,
      json,
      print: (text) => process.stdout.write(`${text}\n`),
      remark: (text) => process.stderr.write(`${text}\n`),
    }
  }
  const program = buildProgram(version, async ({ globals, about }, run) => {
    subject = about
    exitCode = await run(contextOf(globals))
  })
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader has seen enough, as with `varve map … | head`: the command ends without a word, but cleans up.
    if (error.code === 'EPIPE') output.isClosed = true
    else output.failure ??= writeError(error, 'standard output')
    abort.abort(output.failure ?? new DiskError('canceled', { file: subject, what: 'the command' }))
  })
  // What cannot be remarked does not keep a command from its work.
  process.stderr.on('error', () => {})
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
  process.stderr.write(`varve: ${error.message}\n       ${error.remedy}\n`)
}

type Run = (context: CommandContext) => Outcome
type Dispatch = (call: { readonly globals: Globals; readonly about: string }, run: Run) => Promise<void>

const services = `
Services of a fleet, each with --help of its own:
  controller                    keeps the inventory, runs migrations, serves the dashboard
  agent                         reads and writes the images of this host for a controller
`

function buildProgram(version: string, dispatch: Dispatch): Command {
  const program = new Command('varve')
    .description('Inspects, converts, verifies and migrates virtual machine disk images, layer by layer.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .option('--json', 'print one JSON document instead of text')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /u, 'varve: ')) })
    .addHelpText('after', services)
  addLocalCommands(program, dispatch)
  addLeftovers(program, dispatch)
  addRuns(program, dispatch)
  addFleetCommands(program, dispatch)
  return program
}

/** Commander calls actions with the arguments, the options and the command; ours get the arguments and all options. */
function action<Options>(
  command: Command,
  dispatch: Dispatch,
  run: (args: string[], options: Options, context: CommandContext) => Outcome,
): void {
  command.action(async (...parameters: unknown[]) => {
    const args = parameters.slice(0, -2).filter((value) => typeof value === 'string')
    const options = command.optsWithGlobals()
    const about = args.at(-1) ?? command.name()
    await dispatch({ globals: options, about }, (context) => run(args, options as Options, context))
  })
}

/** Before the command itself is loaded, so that both take place at once. */
async function startThreads(...files: readonly string[]): Promise<WorkerPool> {
  const { startThreads: start } = await import('./start-threads.ts')
  return start(...files)
}

const collect = (text: string, earlier: readonly string[]): readonly string[] => [...earlier, text]

const readOption = () =>
  new Option('--read <name=value>', 'vhd-bitmap=honour|ignore, vhd-size=geometry|current; may be repeated')
    .argParser(collect)
    .default([])

const acceptOption = () =>
  new Option(
    '--accept <ids>',
    'ids of findings to consent to, comma-separated; in-use reads a disk that others may write to as it lies there',
  )

/** How the image is to be read, where that is not clear by itself. */
function addReadingOptions(command: Command): void {
  command
    .option('-f, --format <format>', 'take the image for this format instead of detecting it')
    .addOption(readOption())
    .option('--rescue', 'read what would be refused, as far as it goes: proven by nothing')
}

function addRuns(program: Command, dispatch: Dispatch): void {
  const runs = program
    .command('runs [id]')
    .description('the runs of operations on this host, or one in detail')
    .option('--cancel', 'give the named run up and undo what it did')
    .option('--resume', 'go on with a run that was cut off or failed')
    .option('--undo', 'undo a run that is over')
  action<{ cancel?: boolean; resume?: boolean; undo?: boolean }>(
    runs,
    dispatch,
    async ([id], options, context) => {
      await using pool = await startThreads()
      const { runs: run } = await import('./commands/runs.ts')
      return await run({ ...options, id: id ?? null }, { ...context, pool })
    },
  )

  const single = program
    .command('do <action> <input>', { hidden: true })
    .description('one action of a plan, as runbooks call it')
    .option('--outcome <step=json>', 'what an earlier step printed; may be repeated', collect, [])
  action<{ outcome?: readonly string[] }>(
    single,
    dispatch,
    async ([name = '', input = ''], options, context) => {
      await using pool = await startThreads()
      const { doAction } = await import('./commands/do.ts')
      return await doAction({ ...options, action: name, input }, { ...context, pool })
    },
  )
}

function addLocalCommands(program: Command, dispatch: Dispatch): void {
  const info = program.command('info <file>').description('what an image is, layer by layer')
  addReadingOptions(info)
  action<ReadingOptions>(info, dispatch, async ([file = ''], options, context) => {
    const { info: run } = await import('./commands/info.ts')
    return await run(file, options, context)
  })

  const map = program.command('map <file>').description('which ranges of the disk are data, zero or absent')
  addReadingOptions(map.addOption(acceptOption()))
  action<ReadingOptions & AcceptOptions>(map, dispatch, async ([file = ''], options, context) => {
    const { map: run } = await import('./commands/map.ts')
    return await run(file, options, context)
  })

  const digest = program
    .command('digest <file>')
    .description('the digest of what the guest sees (L3), the same in every format')
    .option('--sha256', 'also the plain SHA-256 over L3')
  addReadingOptions(digest.addOption(acceptOption()))
  action<ReadingOptions & AcceptOptions & { sha256?: boolean }>(
    digest,
    dispatch,
    async ([file = ''], options, context) => {
      await using pool = await startThreads(file)
      const { digest: run } = await import('./commands/digest.ts')
      return await run(file, options, { ...context, pool })
    },
  )

  const check = program
    .command('check <file>')
    .description('whether the tables of an image contradict each other: exit code 3 corrupt, 9 leaks only')
    .option('--repair', 'repair what is provably safe: leaks of qcow2, footers of VHD')
    .option('--backup <file>', 'with --repair: keep every byte that is overwritten in this new file')
    .option('--undo <backup>', 'put back what a repair overwrote, from its backup')
  addReadingOptions(check.addOption(acceptOption()))
  action<ReadingOptions & AcceptOptions & { repair?: boolean; backup?: string; undo?: string }>(
    check,
    dispatch,
    async ([file = ''], options, context) => {
      const { check: run } = await import('./commands/check.ts')
      return await run({ ...options, file }, context)
    },
  )

  const compare = program
    .command('compare <a> <b>')
    .description('whether two images hold the same disk (exit code 0) or not (1)')
  addReadingOptions(compare.addOption(acceptOption()))
  action<ReadingOptions & AcceptOptions>(compare, dispatch, async ([a = '', b = ''], options, context) => {
    await using pool = await startThreads(a, b)
    const { compare: run } = await import('./commands/compare.ts')
    return await run([a, b], options, { ...context, pool })
  })

  const convert = program
    .command('convert <source> <target>')
    .description('write the disk of SOURCE (chain and all) as a new image; SOURCE is only read')
    .option('-O, --output-format <format>', 'format of TARGET; default: by its extension')
    .option('--subformat <kind>', 'kind of the format, such as dynamic or fixed')
    .addOption(new Option('--compress <method>', 'compress the clusters (qcow2)').choices(['zlib', 'zstd']))
    .option(
      '--option <name=value>',
      'choice of the format, such as extended_l2=on or preallocation=metadata; may be repeated',
      collect,
      [],
    )
    .option('--backing <file>', 'make TARGET an overlay that holds only what differs from this image (qcow2)')
    .option('--backing-format <format>', 'take the backing file for this format instead of detecting it')
    .option('--force', 'replace TARGET when it exists, once the new image is complete')
    .option('--no-reflink', 'copy the data even where TARGET could share blocks with SOURCE (Btrfs, XFS)')
    .option('--no-verify', 'do not read the new image back before it gets its name')
    .addOption(
      new Option('--durability <when>', 'synced: wait until TARGET is on the medium; cached: as with cp')
        .choices(['synced', 'cached'])
        .default('synced'),
    )
    .addOption(acceptOption())
  addReadingOptions(convert)
  action<{
    format?: string
    read?: readonly string[]
    rescue?: boolean
    accept?: string
    outputFormat?: string
    subformat?: string
    compress?: 'zlib' | 'zstd'
    option: readonly string[]
    backing?: string
    backingFormat?: string
    force?: boolean
    reflink: boolean
    verify: boolean
    durability: 'synced' | 'cached'
  }>(convert, dispatch, async ([source = '', target = ''], options, context) => {
    await using pool = await startThreads(source)
    const { convert: run } = await import('./commands/convert.ts')
    return await run({ ...options, source, target }, { ...context, pool })
  })
}

interface FleetOptions {
  readonly controller?: string
}

function addLeftovers(program: Command, dispatch: Dispatch): void {
  const leftovers = program
    .command('leftovers [folder]')
    .description('what commands and migrations that were killed left in a folder; default: this one')
    .option('--remove', 'remove what nobody needs')
    .option('--migrations', 'with --remove: also what migrations left; one that goes on begins anew')
  action<{ remove?: boolean; migrations?: boolean }>(
    leftovers,
    dispatch,
    async ([folder = ''], options, context) => {
      const { leftovers: run } = await import('./commands/leftovers.ts')
      return await run(folder, options, context)
    },
  )
}

function addFleetCommands(program: Command, dispatch: Dispatch): void {
  const withController = (command: Command) =>
    command.option(
      '--controller <url>',
      'the controller (or VARVE_CONTROLLER; default http://127.0.0.1:7070)',
    )

  const hosts = withController(program.command('hosts').description('the hosts of the fleet')).option(
    '--forget <host>',
    'take a host that is gone out of the fleet, with its images; no file is touched',
  )
  action<FleetOptions & { forget?: string }>(hosts, dispatch, async (_args, options, context) => {
    const { hosts: run } = await import('./commands/hosts.ts')
    return await run(options, context)
  })

  const images = withController(program.command('images [search]').description('the images of the fleet'))
    .option('--host <host>', 'only those on this host')
    .option('--limit <n>', 'at most this many, or all', 'all')
  action<FleetOptions & { host?: string; limit: string }>(
    images,
    dispatch,
    async ([search = ''], options, context) => {
      const { images: run } = await import('./commands/images.ts')
      return await run({ ...options, search }, context)
    },
  )

  const format = withController(images.command('format <place> [format]'))
    .description('say the format of HOST:NAME, or of all images in HOST:FOLDER/; auto: detect it again')
    .option('--library <library>', 'the library, where the host has several')
  action<FleetOptions & { library?: string }>(
    format,
    dispatch,
    async ([place = '', said], options, context) => {
      const { imagesFormat: run } = await import('./commands/images-format.ts')
      return await run({ ...options, place, format: said ?? null }, context)
    },
  )

  const migrate = withController(program.command('migrate <image> <target>'))
    .description('move HOST:NAME to HOST:NAME in another format, proven bit-identical; the source stays')
    .option('--library <library>', "the library on the target's host; default: its only one")
    .option('--source-library <library>', 'the library of IMAGE, where several have one of that name')
    .option('-O, --output-format <format>', 'format of TARGET; default: by its extension')
    .option(
      '--subformat <kind>',
      "one of the format's kinds, such as fixed or streamOptimized; default: the usual",
    )
    .addOption(new Option('--compress <method>', 'compress the clusters (qcow2)').choices(['zlib', 'zstd']))
    .option('--plan', 'print the plan and do nothing')
    .option(
      '--accept <ids>',
      'ids of warnings to accept, comma-separated, or all (but for those that ask for a word by name, such as in-use)',
    )
    .option('--detach', 'do not wait for its end')
    .addOption(readOption())
  action<
    FleetOptions & {
      library?: string
      sourceLibrary?: string
      outputFormat?: string
      subformat?: string
      compress?: 'zlib' | 'zstd'
      plan?: boolean
      accept?: string
      read?: readonly string[]
      detach?: boolean
    }
  >(migrate, dispatch, async ([image = '', target = ''], options, context) => {
    const { migrate: run } = await import('./commands/migrate.ts')
    return await run({ ...options, image, target }, context)
  })

  const migrations = withController(
    program.command('migrations [id]').description('the migrations, or one in detail'),
  )
    .option('--cancel', 'cancel the named migration')
    .option('--forget', 'take the named migration, which is over, out of the lists')
    .option('--clear <states>', 'take out all that ended like this: failed, canceled, succeeded, with commas')
    .option('--limit <n>', 'at most this many', '50')
  action<FleetOptions & { cancel?: boolean; forget?: boolean; clear?: string; limit: string }>(
    migrations,
    dispatch,
    async ([id], options, context) => {
      const { migrations: run } = await import('./commands/migrations.ts')
      return await run({ ...options, id: id ?? null }, context)
    },
  )
}
