import { shellWord } from '@varve/operations/plans/shown'
import { allCommands, type CommandModel, type OptionModel, type ValueModel } from '../grammar/model.ts'

/** Completion for bash 3.2 and later; where an operand is a file, bash completes it itself. */
export function bashCompletion(model: CommandModel): string {
  const commands = allCommands(model)
  return `# bash completion of varve: eval "$(varve completion bash)", or this text as a file where bash-completion looks.
_varve() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= skip= word i
  if [ "$cur" = = ]; then cur=; fi
  if [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ -n "$skip" ]; then
      [ "$word" = = ] || skip=
      continue
    fi
    case "$at $word" in
${clauses(withValue(commands), () => ['skip=1'])}
${clauses(
  commands.flatMap(({ commands: below }) => below.map(({ path }) => ({ pattern: keyOf(path) }))),
  ({ pattern }) => [`at=${shellWord(pattern)}`],
)}
    esac
  done
  COMPREPLY=()
  case "$at $prev" in
${clauses(withValue(commands), ({ value }) => [...replyOf(value), 'return'])}
  esac
  case "$cur" in
    -*)
      case "$at" in
${commands.map((one) => `        ${shellWord(keyOf(one.path))}) ${fromList(namesOf(one.options))} ;;`).join('\n')}
      esac
      _varve_nothing_else
      return ;;
  esac
  case "$at" in
${commands.map((one) => `    ${shellWord(keyOf(one.path))}) ${operandsOf(one).join('; ')} ;;`).join('\n')}
  esac
}
_varve_nothing_else() { compopt +o bashdefault +o default 2>/dev/null || :; }
complete -o bashdefault -o default -F _varve varve
`
}

/** What the words so far say: a space before each name of a command. */
function keyOf(path: readonly string[]): string {
  return path.map((name) => ` ${name}`).join('')
}

function namesOf(options: readonly OptionModel[]): string[] {
  return options.flatMap(({ short, long }) => (short === null ? [long] : [short, long]))
}

interface Valued {
  readonly pattern: string
  readonly value: ValueModel
}

function withValue(commands: readonly CommandModel[]): Valued[] {
  return commands.flatMap(({ path, options }) =>
    options.flatMap((option) =>
      option.value === null
        ? []
        : namesOf([option]).map((name) => ({
            pattern: `${keyOf(path)} ${name}`,
            value: option.value ?? { kind: 'other' },
          })),
    ),
  )
}

function clauses<T extends { pattern: string }>(items: readonly T[], doOf: (item: T) => string[]): string {
  const byDeed = Map.groupBy(items, (item) => doOf(item).join('; '))
  return [...byDeed]
    .map(([deed, same]) => `      ${same.map(({ pattern }) => shellWord(pattern)).join('|')}) ${deed} ;;`)
    .join('\n')
}

function fromList(values: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${shellWord(values.join(' '))} -- "$cur"))`
}

function replyOf(value: ValueModel): string[] {
  switch (value.kind) {
    case 'list':
      return [fromList(value.values), '_varve_nothing_else']
    case 'folder':
      return ['_varve_nothing_else', 'compopt -o dirnames 2>/dev/null || :']
    case 'file':
      return [':']
    case 'other':
      return ['_varve_nothing_else']
  }
}

function operandsOf({ commands, operands }: CommandModel): string[] {
  const names = commands.map(({ path }) => path.at(-1) ?? '')
  const values = operands.flatMap(({ value }) => (value.kind === 'list' ? value.values : []))
  const takes = operands.map(({ value }) => value.kind)
  const listed = [...names, ...values]
  return [
    ...(listed.length > 0 ? [fromList(listed)] : []),
    ...(takes.includes('file')
      ? [':']
      : takes.includes('folder')
        ? replyOf({ kind: 'folder' })
        : ['_varve_nothing_else']),
  ]
}
