import { formatNames } from '@varve/core/image/format-rules'
import { writableFormats } from '@varve/core/formats/writable-formats'
import type { Argument, Command, Option } from 'commander'
import { commandGroups } from './command-group.ts'
import { usageOf } from './usage-of.ts'

/** What a value is, for shells that complete it: one of a list, a file, a folder, or what only people know. */
export type ValueModel =
  | { readonly kind: 'list'; readonly values: readonly string[] }
  | { readonly kind: 'file' | 'folder' | 'other' }

export interface OptionModel {
  /** `-f`, or null. */
  readonly short: string | null
  /** `--format`. */
  readonly long: string
  readonly does: string
  /** Null: it takes none. */
  readonly value: (ValueModel & { readonly name: string }) | null
  readonly isRepeated: boolean
}

export interface OperandModel {
  readonly name: string
  readonly isMany: boolean
  readonly value: ValueModel
}

export interface CommandModel {
  /** Its name and those of its parents, without `varve`. */
  readonly path: readonly string[]
  /** With its operands, such as `convert <source> <target>`. */
  readonly usage: string
  readonly does: string
  readonly group: string
  readonly operands: readonly OperandModel[]
  /** Those of the whole command line too. */
  readonly options: readonly OptionModel[]
  readonly commands: readonly CommandModel[]
}

/** The grammar of the command line as data, for completion and the manual; what is hidden is left out. */
export function modelOf(program: Command): CommandModel {
  return commandModel(program, { path: [], group: '', inherited: [help] })
}

/** Every command, the whole first, each before its subcommands. */
export function allCommands(model: CommandModel): CommandModel[] {
  return [model, ...model.commands.flatMap(allCommands)]
}

const help: OptionModel = {
  short: '-h',
  long: '--help',
  does: 'help for the command',
  value: null,
  isRepeated: false,
}

interface Place {
  readonly path: readonly string[]
  readonly group: string
  readonly inherited: readonly OptionModel[]
}

function commandModel(command: Command, { path, group, inherited }: Place): CommandModel {
  const own = command.options.filter(({ hidden }) => !hidden).map(optionModel)
  const isWhole = path.length === 0
  const handedDown = isWhole ? [...inherited, ...own.filter(({ long }) => long !== '--version')] : inherited
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
  const isOfFleet = group === `${commandGroups.fleet}:`
  return {
    path,
    usage: isWhole ? 'varve [command]' : usageOf(command),
    does: command.description(),
    group: group.replace(/:$/u, ''),
    operands: command.registeredArguments.map((one) => operandModel(one, isOfFleet)),
    options: [...own, ...inherited],
    commands: visible.map((one) =>
      commandModel(one, {
        path: [...path, one.name()],
        group: isWhole ? one.helpGroup() : group,
        inherited: handedDown,
      }),
    ),
  }
}

function optionModel(option: Option): OptionModel {
  const { long, short, description, required, optional, parseArg } = option
  const name = /<([^>]+)>|\[([^\]]+)\]/u.exec(option.flags)
  const value = name?.[1] ?? name?.[2] ?? 'value'
  return {
    short: short ?? null,
    long: long ?? short ?? '',
    does: description,
    value: required || optional ? { ...valueModel(option, value), name: value } : null,
    isRepeated: Array.isArray(option.defaultValue) && parseArg !== undefined,
  }
}

function valueModel({ argChoices, long }: Option, name: string): ValueModel {
  if (argChoices) return { kind: 'list', values: argChoices }
  if (name === 'format')
    return { kind: 'list', values: long === '--output-format' ? writableFormats : formatNames }
  return kindOf(name)
}

const fileNames = new Set([
  'a',
  'b',
  'backup',
  'dst',
  'file',
  'files',
  'image',
  'images',
  'parent',
  'path',
  'source',
  'sources',
  'src',
  'target',
])

function kindOf(name: string): ValueModel {
  if (name === 'folder') return { kind: 'folder' }
  return { kind: fileNames.has(name) ? 'file' : 'other' }
}

function operandModel(argument: Argument, isOfFleet: boolean): OperandModel {
  const name = argument.name()
  const { argChoices: values, variadic: isMany } = argument
  // What the fleet has is no file of this machine; what is called so is.
  const known: ValueModel = isOfFleet && name !== 'file' ? { kind: 'other' } : kindOf(name)
  const value: ValueModel = values
    ? { kind: 'list', values }
    : name === 'format'
      ? { kind: 'list', values: formatNames }
      : known
  return { name, isMany, value }
}
