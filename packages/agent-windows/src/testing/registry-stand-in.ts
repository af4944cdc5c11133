/** What a registry of the tests has: values of each key by its whole path; `denied`: it may not be read. */
export type StandInKeys = Readonly<Record<string, Readonly<Record<string, string | number>> | 'denied'>>

/** The registry, and attributes of files that are on no disk of the tests. */
export interface StandInRegistry {
  readonly keys: StandInKeys
  readonly files: Readonly<Record<string, number | 'denied'>>
}

export const emptyRegistry: StandInRegistry = { keys: {}, files: {} }

/** Cmdlets of the provider `Registry::`, and of files, over what `Read-Registry` gives; errors as the provider has them. */
export const registryFunctions = String.raw`
function Write-ItemError([string] $Path, $Found) {
  if ($null -eq $Found) { Write-Error -Message "Der Pfad ''$Path'' kann nicht gefunden werden, da er nicht vorhanden ist." -ErrorId 'PathNotFound' -Category ObjectNotFound }
  Write-Error -Message 'Der angeforderte Registrierungszugriff ist unzulässig.' -ErrorId 'System.Security.SecurityException' -Category PermissionDenied
}
function Get-ChildItem {
  [CmdletBinding()] param([Parameter(Mandatory)] [string] $LiteralPath, [Parameter(Mandatory)] [switch] $Name)
  $path = $LiteralPath -replace '^Registry::', ''
  $keys = (Read-Registry).keys
  $own = $keys.PSObject.Properties[$path]
  if ($null -ne $own -and $own.Value -eq 'denied') { Write-ItemError $LiteralPath $own }
  $below = @($keys.PSObject.Properties | Where-Object -FilterScript { $_.Name.StartsWith("$path\", 'OrdinalIgnoreCase') })
  if ($null -eq $own -and $below.Count -eq 0) { Write-ItemError $LiteralPath $null }
  $below | ForEach-Object -Process { ($_.Name.Substring($path.Length + 1) -split '\\')[0] } | Select-Object -Unique
}
function Get-ItemProperty {
  [CmdletBinding()] param([Parameter(Mandatory)] [string] $LiteralPath)
  $path = $LiteralPath -replace '^Registry::', ''
  $keys = (Read-Registry).keys
  $own = $keys.PSObject.Properties[$path]
  if ($null -ne $own) {
    if ($own.Value -eq 'denied') { Write-ItemError $LiteralPath $own }
    return $own.Value
  }
  if (@($keys.PSObject.Properties | Where-Object -FilterScript { $_.Name.StartsWith("$path\", 'OrdinalIgnoreCase') }).Count -eq 0) { Write-ItemError $LiteralPath $null }
}
function Get-Item {
  [CmdletBinding()] param([Parameter(Mandatory)] [string] $LiteralPath, [switch] $Force)
  $own = (Read-Registry).files.PSObject.Properties[$LiteralPath]
  if ($null -eq $own -or $own.Value -eq 'denied') { Write-ItemError $LiteralPath $own }
  [pscustomobject]@{ Attributes = [IO.FileAttributes] [int] $own.Value }
}
`

/** A module with those cmdlets over this registry. */
export function registryModule(registry: StandInRegistry): string {
  return `function Read-Registry { ConvertFrom-Json -InputObject @'\n${JSON.stringify(registry)}\n'@ }\n${registryFunctions}`
}
