# What this account may do on this host, and which parts of Windows are there.
#   out  {"account": "…", "isAdministrator": true, "maySeeMachines": true, "edition": "Professional" or "",
#         "hyperV": true, "hyperVModule": "C:\…" or null, "storageModule": "C:\…" or null, "wsl": true}
param($Parameters)

$system = Join-Path -Path $env:SystemRoot -ChildPath 'System32'
$services = 'HKLM\SYSTEM\CurrentControlSet\Services'

# Groups by their SIDs, since names are in the language of the host.
$groups = "$(& (Join-Path -Path $system -ChildPath 'whoami.exe') /groups /fo csv /nh)"
function Test-Group([string] $Sid) { $groups.Contains("`"$Sid`"") }

function Get-RegistryText([string] $Key, [string] $Name) {
  $answer = "$(& (Join-Path -Path $system -ChildPath 'reg.exe') query $Key /v $Name)"
  if ($answer -match 'REG_\w+\s+(\S+)') { $Matches[1] } else { '' }
}

# Where the module of a command is; null: there is no such command.
function Get-ModulePlace([string] $Command) {
  $found = Get-Command -Name $Command -ErrorAction SilentlyContinue
  if ($null -eq $found) { return $null }
  if ($null -ne $found.Module) { return "$($found.Module.ModuleBase)" }
  "$($found.Source)"
}

# Who has not said yes to being one is in the group too, but at a lower level; services are at the highest, whatever they are in.
$isHigh = (Test-Group 'S-1-16-12288') -or (Test-Group 'S-1-16-16384')
$isAdministrator = $isHigh -and (Test-Group 'S-1-5-32-544')

@{
  account = "$([Environment]::UserDomainName)\$([Environment]::UserName)"
  isAdministrator = $isAdministrator
  maySeeMachines = $isAdministrator -or (Test-Group 'S-1-5-32-578')
  edition = Get-RegistryText 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'EditionID'
  hyperV = '' -ne (Get-RegistryText "$services\vmms" 'ImagePath')
  hyperVModule = Get-ModulePlace 'Get-VM'
  storageModule = Get-ModulePlace 'Get-Disk'
  wsl = '' -ne "$(Get-RegistryText "$services\WSLService" 'ImagePath')$(Get-RegistryText "$services\LxssManager" 'ImagePath')"
}
