import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { execa } from 'execa'
import { findTool } from './tools.ts'

const fetched = resolve(import.meta.dirname, '../../../.varve/powershell')

/** The real PowerShell on any system, or null with the reason printed. */
export function findPowershell(): string | null {
  const found = findTool('pwsh') ?? globSync(`${fetched}/*/pwsh`).at(-1) ?? null
  if (found === null)
    process.stderr.write('skipped: needs PowerShell, which npm test fetches where the .NET SDK is\n')
  return found
}

export interface PowershellCall {
  readonly pwsh: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a script file in PowerShell, without anybody's profile. */
export async function runPowershell(file: string, { pwsh, cwd, env }: PowershellCall) {
  const { exitCode, stdout, stderr } = await execa(pwsh, ['-NoProfile', '-NonInteractive', '-File', file], {
    reject: false,
    stdin: 'ignore',
    ...(cwd !== undefined && { cwd }),
    env: { POWERSHELL_TELEMETRY_OPTOUT: '1', POWERSHELL_UPDATECHECK: 'Off', NO_COLOR: '1', ...env },
  })
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

/**
 * What Windows PowerShell 5.1 does not know of a script's language, by its syntax tree, and errors of syntax; commands and
 * methods of .NET that it lacks are not looked for. Takes an object with `script`, the path of a file.
 */
export const newLanguage = `param($Parameters)
$tokens = $errors = $null
$tree = [System.Management.Automation.Language.Parser]::ParseFile($Parameters.script, [ref] $tokens, [ref] $errors)
$isNew = {
  param($node)
  $node -is [System.Management.Automation.Language.TernaryExpressionAst] -or
  $node -is [System.Management.Automation.Language.PipelineChainAst] -or
  ($node -is [System.Management.Automation.Language.BinaryExpressionAst] -and "$($node.Operator)" -eq 'QuestionQuestion') -or
  ($node -is [System.Management.Automation.Language.AssignmentStatementAst] -and "$($node.Operator)" -eq 'QuestionQuestionEquals') -or
  ($node -is [System.Management.Automation.Language.MemberExpressionAst] -and $node.NullConditional) -or
  ($node -is [System.Management.Automation.Language.IndexExpressionAst] -and $node.NullConditional) -or
  ($node -is [System.Management.Automation.Language.CommandParameterAst] -and
    @('AsArray', 'Parallel', 'AsHashtable', 'EnumsAsStrings', 'EscapeHandling', 'AsByteStream', 'SkipCertificateCheck', 'NoEmphasis',
      'AdditionalChildPath') -contains $node.ParameterName)
}
@{
  errors = @($errors | ForEach-Object { "line $($_.Extent.StartLineNumber): $($_.ErrorId)" })
  new = @($tree.FindAll($isNew, $true) | ForEach-Object { "line $($_.Extent.StartLineNumber): $($_.Extent.Text)" })
}
`
