import { shellWord } from '@varve/operations/plans/shown'
import type { CommandModel, OptionModel, ValueModel } from '../grammar/model.ts'
import { allCommands } from '../grammar/model.ts'

/** Completion for zsh, as a file `_varve` in `$fpath`, or evaluated after `compinit`. */
export function zshCompletion(model: CommandModel): string {
  return `#compdef varve
# zsh completion of varve: as _varve in a folder of $fpath, or after compinit: eval "$(varve completion zsh)"
${allCommands(model).map(functionOf).join('\n')}
if [ "$funcstack[1]" = _varve ]; then _varve "$@"; else compdef _varve varve; fi
`
}

function nameOf(path: readonly string[]): string {
  return ['_varve', ...path].join('_').replaceAll('-', '_')
}

function functionOf(command: CommandModel): string {
  const options = command.options.map(optionSpec)
  const { commands, operands } = command
  const files = operands.map(({ name, isMany, value }) =>
    quoted(`${isMany ? '*' : ''}:${plain(name)}:${actionOf(value)}`),
  )
  if (commands.length === 0)
    return `${nameOf(command.path)}() {\n  _arguments -s ${[...options, ...files].join(' \\\n    ')}\n}`
  const listed = commands.map(({ path, does }) => quoted(`${plain(path.at(-1) ?? '')}:${plain(does)}`))
  const cases = commands.map(({ path }) => `    ${shellWord(path.at(-1) ?? '')}) ${nameOf(path)} ;;`)
  return `${nameOf(command.path)}() {
  local curcontext="$curcontext" state line
  local -a commands=(
    ${listed.join('\n    ')}
  )
  _arguments -s -C ${[...options, quoted('1: :->command'), quoted('*:: :->rest')].join(' \\\n    ')}
  case $state in
  command) _describe command commands ;;
  rest)
    case $words[1] in
${cases.join('\n')}
    esac ;;
  esac
}`
}

function optionSpec({ short, long, does, value, isRepeated }: OptionModel): string {
  const about = `[${plain(does)}]${value === null ? '' : `:${plain(value.name)}:${actionOf(value)}`}`
  const both = short === null ? [long] : [short, long]
  const others = isRepeated ? '*' : `(${both.join(' ')})`
  return both.map((name) => quoted(`${others}${name}${about}`)).join(' ')
}

function actionOf(value: ValueModel): string {
  if (value.kind === 'list') return `(${value.values.map(plain).join(' ')})`
  if (value.kind === 'file') return '_files'
  return value.kind === 'folder' ? '_files -/' : ''
}

/** What the mini-language of _arguments and _describe would take for its own. */
function plain(text: string): string {
  return text.replaceAll(/[\\:[\]]/gu, String.raw`\$&`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
