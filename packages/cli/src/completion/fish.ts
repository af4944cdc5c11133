import { allCommands, type CommandModel, type OptionModel, type ValueModel } from '../grammar/model.ts'

/** Completion for fish, as `varve.fish` in a folder of `$fish_complete_path`, or piped to `source`. */
export function fishCompletion(model: CommandModel): string {
  const lines = allCommands(model).flatMap(linesOf)
  return `# fish completion of varve: varve completion fish | source
function __varve_at --description 'Whether the words so far say this command'
    set -l said
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a said $word
    end
    set -l path $argv[2..-1]
    test (count $said) -ge (count $path); or return 1
    for i in (seq (count $path))
        test "$said[$i]" = "$path[$i]"; or return 1
    end
    set -l next $said[(math (count $path) + 1)]
    not contains -- "$next" (string split -n ' ' -- $argv[1])
end
complete -c varve -f
${lines.join('\n')}
`
}

function linesOf({ path, commands, options, operands }: CommandModel): string[] {
  const names = commands.map((one) => one.path.at(-1) ?? '')
  const at = `complete -c varve -n ${word(['__varve_at', word(names.join(' ')), ...path].join(' '))}`
  const kinds = operands.map(({ value }) => value)
  return [
    ...commands.map((one) => `${at} -a ${word(one.path.at(-1) ?? '')} -d ${word(one.does)}`),
    ...options.map((option) => `${at} ${optionOf(option)}`),
    ...kinds.flatMap((value) => operandOf(value, at)),
  ]
}

function optionOf({ short, long, does, value }: OptionModel): string {
  const names = [...(short === null ? [] : ['-s', short.slice(1)]), '-l', long.slice(2)]
  return [...names, ...(value === null ? [] : valueOf(value)), '-d', word(does)].join(' ')
}

const folders = '(__fish_complete_directories (commandline -ct))'

function valueOf(value: ValueModel): string[] {
  if (value.kind === 'list') return ['-x', '-a', word(value.values.join(' '))]
  if (value.kind === 'folder') return ['-x', '-a', word(folders)]
  return value.kind === 'file' ? ['-r', '-F'] : ['-x']
}

function operandOf(value: ValueModel, at: string): string[] {
  if (value.kind === 'list') return [`${at} -a ${word(value.values.join(' '))}`]
  if (value.kind === 'folder') return [`${at} -a ${word(folders)}`]
  return value.kind === 'file' ? [`${at} -F`] : []
}

function word(text: string): string {
  return `'${text.replaceAll(/[\\']/gu, String.raw`\$&`)}'`
}
