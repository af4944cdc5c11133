import { parseArgs } from 'node:util'
import {
  controllerCommands,
  type ControllerCommand,
  type ControllerCommandName,
  type ControllerOption,
} from '@varve/protocol/controller-commands'

/** A wrong use of the command line, said in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was said on the command line. */
export interface CommandWords {
  readonly operands: readonly string[]
  readonly isHelp: boolean
  readonly json: boolean
  /** The last one that was said. */
  value(option: string): string | null
  values(option: string): readonly string[]
  isSet(option: string): boolean
}

/** Reads the words of a command by its table; throws `UsageError`. */
export function readWords(name: ControllerCommandName, args: readonly string[]): CommandWords {
  const command: ControllerCommand = controllerCommands[name]
  const options = Object.fromEntries(
    command.options.map(({ name: option, value, isRepeated = false }) => [
      option,
      { type: value === null ? ('boolean' as const) : ('string' as const), multiple: isRepeated },
    ]),
  )
  const { values: found, positionals } = parse(args, options)
  const values: ParsedValues = found
  const isHelp = values['help'] === true
  const wanted = command.usage.split(' ').slice(1)
  if (!isHelp && positionals.length !== wanted.length)
    throw new UsageError(
      wanted.length === 0
        ? `varve controller ${name} takes no ${JSON.stringify(positionals[0])}.`
        : `Say varve controller ${command.usage}, and nothing more.`,
    )
  const all = (option: string) => [values[option] ?? []].flat().filter((value) => typeof value === 'string')
  return {
    operands: positionals,
    isHelp,
    json: values['json'] === true,
    values: all,
    value: (option) => all(option).at(-1) ?? null,
    isSet: (option) => values[option] === true,
  }
}

type ParsedValues = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
type ParsedOptions = Record<string, { readonly type: 'string' | 'boolean'; readonly multiple: boolean }>

function parse(args: readonly string[], options: ParsedOptions) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...options,
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Its help. */
export function helpOf(name: ControllerCommandName): string {
  const command: ControllerCommand = controllerCommands[name]
  const own: readonly ControllerOption[] = [
    ...command.options,
    { name: 'json', value: null, does: 'print one JSON document instead of text' },
    { name: 'help', value: null, does: 'this text' },
  ]
  const lines = own.map(({ name: option, value, does }) => [
    `  --${option}${value === null ? '' : ` <${value}>`}`,
    does,
  ])
  const width = Math.max(...lines.map(([left = '']) => left.length))
  const listed = lines.map(([left = '', does]) => `${left.padEnd(width)}  ${does}`)
  return `varve controller ${command.usage}: ${command.does}\n\n${listed.join('\n')}\n`
}
