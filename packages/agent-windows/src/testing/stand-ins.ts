import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'

const file = resolve(import.meta.dirname, '../../../../../shared/reference/platform/windows-cmdlets.json')

const Use = z.object({
  type: z.string(),
  sets: z.array(z.string()),
  mandatory: z.boolean(),
  position: z.number().optional(),
  pipeline: z.string().optional(),
  aliases: z.array(z.string()).optional(),
  accepted: z.array(z.string()).optional(),
})
type Use = z.infer<typeof Use>

const Cmdlet = z.object({
  module: z.string(),
  sets: z.array(z.object({ name: z.string(), default: z.boolean() })),
  parameters: z.record(z.string(), z.array(Use)),
})
type Cmdlet = z.infer<typeof Cmdlet>

/** Cmdlets that the tables leave out, with the parameters that scripts use (learn.microsoft.com: FailoverClusters, Management). */
const others: readonly [string, Cmdlet][] = [
  ['Get-ClusterGroup', { module: 'FailoverClusters', sets: [], parameters: {} }],
  [
    'Get-Service',
    {
      module: 'Microsoft.PowerShell.Management',
      sets: [],
      parameters: { Name: [{ type: 'String[]', sets: ['(All)'], mandatory: false, position: 0 }] },
    },
  ],
]

/** Parameters of cmdlets as Microsoft's reference has them, or null with the reason printed when they are not beside the checkout. */
export function cmdletTables(): ReadonlyMap<string, Cmdlet> | null {
  if (!existsSync(file)) {
    process.stderr.write('skipped: ../shared/reference is not beside the checkout\n')
    return null
  }
  const { cmdlets } = z
    .object({ cmdlets: z.record(z.string(), Cmdlet) })
    .parse(JSON.parse(readFileSync(file, 'utf8')))
  return new Map([...Object.entries(cmdlets), ...others])
}

const known = new Set([
  'Boolean',
  'Byte',
  'Char',
  'Guid',
  'Int16',
  'Int32',
  'Int64',
  'String',
  'UInt16',
  'UInt32',
  'UInt64',
  'Version',
])

/** Types that only the host's modules have take anything. */
function typeOf(name: string): string {
  const [base = '', list = ''] = name.split(/(?=\[\])/u)
  if (base === 'SwitchParameter') return '[switch]'
  return `[${known.has(base) ? base : 'object'}${list}]`
}

function attributesOf(uses: readonly Use[]): string {
  return uses
    .flatMap((use) => use.sets.map((set) => ({ ...use, set })))
    .map(({ set, mandatory, position, pipeline }) => {
      const parts = [
        ...(set === '(All)' ? [] : [`ParameterSetName = '${set}'`]),
        ...(mandatory ? ['Mandatory'] : []),
        ...(position === undefined ? [] : [`Position = ${position}`]),
        ...(pipeline === 'value' || pipeline === 'both' ? ['ValueFromPipeline'] : []),
        ...(pipeline === 'name' || pipeline === 'both' ? ['ValueFromPipelineByPropertyName'] : []),
      ]
      return `[Parameter(${parts.join(', ')})]`
    })
    .join(' ')
}

function functionOf(name: string, { sets, parameters }: Cmdlet): string {
  const usual = sets.find((set) => set.default)?.name
  const params = Object.entries(parameters).map(([parameter, uses]) => {
    const [first] = uses
    const aliases = (first?.aliases ?? []).map((alias) => `'${alias}'`).join(', ')
    const accepted = (first?.accepted ?? []).map((one) => `'${one}'`).join(', ')
    return [
      attributesOf(uses),
      aliases === '' ? '' : `[Alias(${aliases})]`,
      accepted === '' ? '' : `[ValidateSet(${accepted})]`,
      typeOf(first?.type ?? 'Object'),
      `$${parameter}`,
    ].join(' ')
  })
  return `function ${name} {
  [CmdletBinding(${usual === undefined ? '' : `DefaultParameterSetName = '${usual}'`})]
  param(
    ${params.join(',\n    ')}
  )
  process { Invoke-StandIn '${name}' $PSCmdlet.ParameterSetName $PSBoundParameters }
}`
}

/**
 * A module with functions that bind their parameters as those cmdlets do, note each call, and answer with the script that
 * `Set-StandIn NAME TEXT` gave them.
 */
export function standInModule(tables: ReadonlyMap<string, Cmdlet>, names: readonly string[]): string {
  const functions = names.map((name) => {
    const cmdlet = tables.get(name)
    if (!cmdlet) throw new Error(`the tables do not have ${name}`)
    return functionOf(name, cmdlet)
  })
  return `$answers = @{}
$calls = New-Object -TypeName System.Collections.ArrayList
function Set-StandIn($Name, $Text) { $answers[$Name] = [scriptblock]::Create($Text) }
function Get-StandInCall { $calls.ToArray() }
function Invoke-StandIn($Name, $Set, $Bound) {
  $given = @{}
  foreach ($key in $Bound.Keys) { $given[$key] = "$($Bound[$key])" }
  [void] $calls.Add(@{ name = $Name; set = $Set; given = $given })
  if ($answers.ContainsKey($Name)) { & $answers[$Name] $Bound }
}
${functions.join('\n')}
`
}

/** Runs a script beside stand-ins: parameters as for the script, and what the cmdlets answer. */
export const withStandIns = `param($Parameters)
$env:SystemRoot = $Parameters.root
Import-Module -Name $Parameters.module -Force
foreach ($answer in $Parameters.answers.PSObject.Properties) { Set-StandIn $answer.Name $answer.Value }
try {
  $text = [IO.File]::ReadAllText($Parameters.script)
  @{ result = & ([scriptblock]::Create($text)) $Parameters.parameters; calls = @(Get-StandInCall) }
} finally {
  Remove-Module -Name ([IO.Path]::GetFileNameWithoutExtension($Parameters.module))
}
`
