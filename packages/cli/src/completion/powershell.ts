import { allCommands, type CommandModel, type OptionModel, type ValueModel } from '../grammar/model.ts'

/** Completion for Windows PowerShell 5.1 and PowerShell 7: a line of the profile. */
export function powershellCompletion(model: CommandModel): string {
  return `# PowerShell completion of varve, in the profile: varve completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName varve -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $grammar = @{
${allCommands(model).map(entryOf).join('\n')}
  }
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
  $at = ''
  $previous = ''
  for ($i = 1; $i -lt $words.Count; $i++) {
    $taken = $grammar[$at].Options | Where-Object { $_.Names -ccontains $previous -and $_.Takes }
    if (-not $taken -and $grammar.ContainsKey(("$at " + $words[$i]).Trim())) { $at = ("$at " + $words[$i]).Trim() }
    $previous = $words[$i]
  }
  $here = $grammar[$at]
  $option = $here.Options | Where-Object { $_.Names -ccontains $previous -and $_.Takes } | Select-Object -First 1
  if ($option) {
    if ($option.Takes -ne 'list') { return }
    $found = $option.Values | ForEach-Object { @{ Text = $_; Tip = $_; Kind = 'ParameterValue' } }
  } elseif ($wordToComplete.StartsWith('-')) {
    $found = $here.Options | ForEach-Object { $tip = $_.Does; $_.Names | ForEach-Object { @{ Text = $_; Tip = $tip; Kind = 'ParameterName' } } }
  } else {
    $found = $here.Words | ForEach-Object { @{ Text = $_.Name; Tip = $_.Does; Kind = 'ParameterValue' } }
  }
  $found | Where-Object { $_ -and $_.Text.StartsWith($wordToComplete, [StringComparison]::Ordinal) } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_.Text, $_.Text, $_.Kind, $_.Tip)
  }
}
`
}

function entryOf({ path, commands, options, operands }: CommandModel): string {
  const words = [
    ...commands.map((one) => ({ name: one.path.at(-1) ?? '', does: one.does })),
    ...operands.flatMap(({ value }) =>
      value.kind === 'list' ? value.values.map((name) => ({ name, does: name })) : [],
    ),
  ]
  const listed = words.map(({ name, does }) => `@{ Name = ${word(name)}; Does = ${word(does)} }`)
  return `    ${word(path.join(' '))} = @{
      Words = @(${listed.join(', ')})
      Options = @(
${options.map((option) => `        ${optionOf(option)}`).join('\n')}
      )
    }`
}

function optionOf({ short, long, does, value }: OptionModel): string {
  const names = [...(short === null ? [] : [short]), long].map(word).join(', ')
  const takes = value === null ? '' : ` Takes = ${word(value.kind)};${valuesOf(value)}`
  return `@{ Names = @(${names});${takes} Does = ${word(does)} }`
}

function valuesOf(value: ValueModel): string {
  return value.kind === 'list' ? ` Values = @(${value.values.map(word).join(', ')});` : ''
}

function word(text: string): string {
  return `'${text.replaceAll(/['\u2018\u2019\u201A\u201B]/gu, '$&$&')}'`
}
