import { exitCodes, exitWords } from '../exit-codes.ts'
import type { CommandModel, OptionModel } from '../grammar/model.ts'

export interface PageOptions {
  readonly version: string
}

/** The name of the page of a command: `varve`, `varve-images-format`. */
export function pageName({ path }: Pick<CommandModel, 'path'>): string {
  return ['varve', ...path].join('-')
}

/** A page of the manual in man(7) macros, for mandoc and groff. */
export function manualPage(command: CommandModel, { version }: PageOptions): string {
  const name = pageName(command)
  const isWhole = command.path.length === 0
  const lines = [
    `.TH ${macroWord(name.toUpperCase())} 1 "" ${macroWord(`varve ${version}`)} "Varve"`,
    '.SH NAME',
    `${text(name)} \\- ${text(isWhole ? 'virtual machine disk images, layer by layer' : firstLine(command.does))}`,
    '.SH SYNOPSIS',
    ...synopsis(command),
    '.SH DESCRIPTION',
    text(sentence(command.does)),
    ...commandList(command),
    ...(command.options.length > 0 ? ['.SH OPTIONS', ...command.options.flatMap(optionLines)] : []),
    ...(isWhole ? environment : []),
    '.SH EXIT STATUS',
    ...statusLines(),
    '.SH SEE ALSO',
    ...seeAlso(command),
  ]
  return `${lines.join('\n')}\n`
}

function firstLine(does: string): string {
  return does.replace(/\.$/u, '')
}

function sentence(does: string): string {
  const start = does.charAt(0).toUpperCase() + does.slice(1)
  return start.endsWith('.') ? start : `${start}.`
}

function synopsis({ path, usage, commands }: CommandModel): string[] {
  const head = path.length === 0 ? 'varve' : `varve ${path.join(' ')}`
  const operands = path.length === 0 ? '' : usage.split(' ').slice(1).join(' ')
  const own = [`\\fB${text(head)}\\fR [options] ${text(operands)}`.trimEnd()]
  const below = commands.length > 0 ? ['.br', `\\fB${text(head)}\\fR \\fIcommand\\fR [options]`] : []
  return path.length === 0 ? below.slice(1) : [...own, ...below]
}

/** Under the heading of each layer, as `varve help` has them. */
function commandList({ path, commands }: CommandModel): string[] {
  if (commands.length === 0) return []
  const byGroup = Map.groupBy(commands, ({ group }) => (path.length === 0 ? group : ''))
  return [
    '.SH COMMANDS',
    ...[...byGroup].flatMap(([group, members]) => [
      ...(group === '' ? [] : [`.SS ${macroWord(group)}`]),
      ...members.flatMap((one) => ['.TP', `.B ${text(one.usage)}`, text(sentence(one.does))]),
    ]),
  ]
}

function optionLines({ short, long, does, value, isRepeated }: OptionModel): string[] {
  const names = (short === null ? [long] : [short, long]).map((name) => `\\fB${text(name)}\\fR`).join(', ')
  const operand = value === null ? '' : ` \\fI${text(value.name)}\\fR`
  const values = value?.kind === 'list' ? ` One of ${value.values.join(', ')}.` : ''
  const again = isRepeated && !/repeated/u.test(does) ? ' May be repeated.' : ''
  return ['.TP', `${names}${operand}`, text(`${sentence(does)}${values}${again}`)]
}

const environment = [
  '.SH ENVIRONMENT',
  ...[
    ['VARVE_CONTROLLER', 'Address of the controller, for the commands of the fleet.'],
    [
      'VARVE_LOG',
      'What is logged on standard error: trace, debug, info, warn, error or silent, which is the default.',
    ],
    ['VARVE_RUNS', 'Folder of the journals of runs on this host.'],
    ['NO_COLOR', 'Set to anything: no colours.'],
  ].flatMap(([name = '', does = '']) => ['.TP', `.B ${text(name)}`, text(does)]),
]

function statusLines(): string[] {
  return Object.entries(exitCodes).flatMap(([name, code]) => [
    '.TP',
    `.B ${code}`,
    text(sentence(exitWords[name as keyof typeof exitCodes])),
  ])
}

function seeAlso({ path, commands }: CommandModel): string[] {
  const parent = path.length === 0 ? [] : [pageName({ path: path.slice(0, -1) })]
  const pages = [...parent, ...commands.map(pageName)].sort()
  return pages.map((page, index) => `.BR ${text(page)} (1)${index < pages.length - 1 ? ',' : ''}`)
}

/** Text that roff takes as it stands: no request, no escape, hyphens that can be searched and copied. */
function text(plain: string): string {
  const escaped = plain
    .replaceAll('\\', String.raw`\(rs`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/\s+/gu, ' ')
  return escaped.replace(/^(?=[.'])/u, String.raw`\&`)
}

function macroWord(plain: string): string {
  return `"${text(plain).replaceAll('"', String.raw`\(dq`)}"`
}
