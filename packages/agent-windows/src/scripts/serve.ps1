# Runs scripts: one JSON document a line in, one a line out, until the input ends.
#   in   {"id": "…", "script": "C:\…\get-disks.ps1", "parameters": {…}}
#   out  {"id": "…", "result": {…}} or {"id": "…", "error": {"id": "…", "category": "…", "codes": ["0x80070020"], "message": "…", "line": 3}}
# A script gets its parameters as one object and gives one object back. What else is written to the console is of nobody.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
# What the scripts share.
. (Join-Path -Path $PSScriptRoot -ChildPath 'find-disk.ps1')
$utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
[Console]::OutputEncoding = $utf8
$reader = New-Object -TypeName System.IO.StreamReader -ArgumentList ([Console]::OpenStandardInput()), $utf8
$writer = New-Object -TypeName System.IO.StreamWriter -ArgumentList ([Console]::OpenStandardOutput()), $utf8
$writer.NewLine = "`n"
$writer.AutoFlush = $true

# What tells errors apart in every language: the id, the category, and the codes of the system from the outside in.
function ConvertTo-Failure($Record) {
  $codes = @()
  for ($cause = $Record.Exception; $null -ne $cause; $cause = $cause.InnerException) { $codes += '0x{0:X8}' -f $cause.HResult }
  $line = 0
  if ($null -ne $Record.InvocationInfo) { $line = [int] $Record.InvocationInfo.ScriptLineNumber }
  @{
    id = [string] $Record.FullyQualifiedErrorId
    category = [string] $Record.CategoryInfo.Category
    codes = @($codes)
    message = [string] $Record.Exception.Message
    line = $line
  }
}

function Invoke-Call($Call) {
  $block = [scriptblock]::Create([IO.File]::ReadAllText($Call.script, $utf8))
  $given = @(& $block $Call.parameters)
  if ($given.Count -ne 1) { throw "the script gave $($given.Count) objects" }
  $given[0]
}

while ($null -ne ($line = $reader.ReadLine())) {
  $call = ConvertFrom-Json -InputObject $line
  try {
    $answer = ConvertTo-Json -InputObject @{ id = $call.id; result = Invoke-Call $call } -Depth 12 -Compress
  } catch {
    $answer = ConvertTo-Json -InputObject @{ id = $call.id; error = ConvertTo-Failure $_ } -Depth 4 -Compress
  }
  $writer.WriteLine($answer)
}
