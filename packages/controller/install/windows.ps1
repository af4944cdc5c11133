# Installs the agent of Varve on this Windows host and lets it join a fleet. Again: it mends and updates.
#
#   powershell -ExecutionPolicy Bypass -File windows.ps1 https://CONTROLLER:7070 [-Library NAME=FOLDER,...] [-NbdHost ADDRESS] [-Name NAME] [-Archive FILE]
#   powershell -ExecutionPolicy Bypass -File windows.ps1 -Remove
#
# The token stands in VARVE_JOIN_TOKEN, or is asked for. A controller puts in which release it serves; what each step
# proves is in docs/install.md.
param(
  [Parameter(Position = 0)] [string] $Controller = '',
  [string[]] $Library = @(),
  [string] $NbdHost = '',
  [string] $Name = '',
  [string] $Archive = '',
  [switch] $Remove
)
# varve: the release

$ErrorActionPreference = 'Stop'
# Progress bars make Windows PowerShell slow.
$ProgressPreference = 'SilentlyContinue'
# Programs that are started get the token only where they need it.
$token = $env:VARVE_JOIN_TOKEN
$env:VARVE_JOIN_TOKEN = $null
$programs = if ($env:ProgramW6432) { $env:ProgramW6432 } else { $env:ProgramFiles }
$place = Join-Path $programs 'Varve'
# Nobody but administrators can write there, so that nobody has put a folder in its place before.
$data = Join-Path $place 'data'
$system = Join-Path $env:SystemRoot 'System32'
$curl = Join-Path $system 'curl.exe'
$tar = Join-Path $system 'tar.exe'

function Stop-Script([string] $words, [string] $remedy) {
  throw "varve: $words`n  $remedy"
}

# What takes everything away again.
$removal = @'
$programs = if ($env:ProgramW6432) { $env:ProgramW6432 } else { $env:ProgramFiles }
$place = Join-Path $programs 'Varve'
if (-not (& (Join-Path (Join-Path $env:SystemRoot 'System32') 'whoami.exe') '/groups' | Select-String -Pattern 'S-1-16-(12288|16384)' -Quiet)) {
  throw "varve: This needs an administrator.`n  Open PowerShell with: Run as administrator."
}
if (-not (Test-Path -LiteralPath (Join-Path $place 'remove.ps1'))) {
  throw "varve: There is nothing here that windows.ps1 installed.`n  What was unpacked by hand is removed by hand: docs/install.md."
}
$agents = @(Get-ChildItem -LiteralPath $place -Directory | ForEach-Object { Join-Path (Join-Path $_.FullName 'bin') 'varve-agent.cmd' } | Where-Object { Test-Path -LiteralPath $_ })
if ($agents.Count -gt 0) {
  & $agents[-1] service remove --data (Join-Path $place 'data') | ForEach-Object { "  $_" }
  if ($LASTEXITCODE -ne 0) {
    throw "varve: The service could not be removed; why is above.`n  Do what it says, then remove again."
  }
}
$within = $place + [IO.Path]::DirectorySeparatorChar
$running = Get-Process | Where-Object { $_.Path -and $_.Path.StartsWith($within, [StringComparison]::OrdinalIgnoreCase) } | Select-Object -First 1
if ($running) {
  throw "varve: A program of Varve still runs: process $($running.Id).`n  End it, then remove again."
}
$member = Join-Path (Join-Path $place 'data') 'membership.json'
$name = if (Test-Path -LiteralPath $member) { (Get-Content -LiteralPath $member -Raw | ConvertFrom-Json).name }
Remove-Item -LiteralPath $place -Recurse -Force
'varve: removed; images were left alone.'
if ($name) { "  $name is still in the list of its fleet. On the controller: varve agents revoke $name, then varve hosts --forget $name" }
'@

# It is kept beside the program.
function Write-Removal {
  $head = "# Removes the agent of Varve from this host. Images are left alone.`n`$ErrorActionPreference = 'Stop'`ntry {`n"
  $end = "`n} catch {`n  Write-Host `$_.Exception.Message`n  exit 1`n}"
  Set-Content -LiteralPath (Join-Path $place 'remove.ps1') -Value ($head + $removal + $end) -Encoding ASCII
}

function Assert-Library([string] $one) {
  if ($one -notmatch '^[A-Za-z0-9_]+=[A-Za-z]:\\') {
    Stop-Script "-Library $one is none." 'Write it as NAME=FOLDER, with the whole path of the folder: images=D:\Images'
  }
  # What could mean something else in a file of commands.
  if ($one -match '[^\x20-\x7e]|["%!&|<>^]') {
    Stop-Script "-Library $one has characters that a file of commands cannot take." 'Letters, digits, spaces and the usual signs can be; name another folder.'
  }
  if ("$($one -replace '^[^=]*=')\".StartsWith("$place\", [StringComparison]::OrdinalIgnoreCase)) {
    Stop-Script "-Library $one lies where Varve keeps its own." 'Images there would be removed with it; name another folder.'
  }
}

function Get-Processor {
  if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
}

# The archive for this processor: its name, its sum, its bytes.
function Get-Release {
  if ((Get-Processor) -eq 'ARM64') { $varve_arm64 } else { $varve_x64 }
}

function Assert-Host {
  if ($env:OS -ne 'Windows_NT') {
    Stop-Script 'This installs Varve on Windows only.' 'Linux and macOS have lines of their own: varve agents token on the controller.'
  }
  if (-not (& (Join-Path $system 'whoami.exe') '/groups' | Select-String -Pattern 'S-1-16-(12288|16384)' -Quiet)) {
    Stop-Script 'This needs an administrator.' 'Open PowerShell with: Run as administrator.'
  }
  if ($Controller -notmatch '^https://[][A-Za-z0-9.:/_-]+$') {
    Stop-Script 'Which controller?' 'Write it as https://HOST:7070.'
  }
  if ($NbdHost -notmatch '^[A-Za-z0-9.:_-]*$') {
    Stop-Script "-NbdHost $NbdHost is no address." 'Say a name or an address of this host: -NbdHost 192.0.2.7'
  }
  if ($Name -notmatch '^[A-Za-z0-9.-]*$') { Stop-Script "-Name $Name is no name of a host." 'Letters, digits, dots and hyphens can be.' }
  $kind = Get-Processor
  if (@('AMD64', 'ARM64') -notcontains $kind) { Stop-Script "There is no Varve for a processor of the kind $kind." 'It runs on AMD64 and ARM64.' }
  if (-not (Get-Release)) { Stop-Script "The controller has no release for Windows on $kind." 'Put one into its folder of releases, and make a new line.' }
  foreach ($tool in $tar, $curl) {
    if (-not (Test-Path -LiteralPath $tool)) { Stop-Script "This host has no $tool." 'Windows has it since 10 (1803) and Server 2019.' }
  }
  $isOwn = Test-Path -LiteralPath (Join-Path $place 'remove.ps1')
  if ((Test-Path -LiteralPath $place) -and -not $isOwn -and (Get-ChildItem -LiteralPath $place -Force)) {
    Stop-Script 'Varve was installed here by hand.' "Remove $place first; docs/install.md says how such an installation is updated."
  }
  $member = Join-Path $data 'membership.json'
  if ((Test-Path -LiteralPath $member) -and -not (Get-Content -LiteralPath $member -Raw).Contains("`"fleet`":`"$varve_fleet`"")) {
    Stop-Script 'This host belongs to another fleet, or its membership is damaged.' "Take it out of that first: powershell -ExecutionPolicy Bypass -File `"$(Join-Path $place 'remove.ps1')`""
  }
}

# The libraries that were said or asked for; none: those of before stay.
function Get-Libraries {
  # powershell -File takes a list as one word.
  $said = @($Library | ForEach-Object { $_ -split ',(?=[A-Za-z0-9_]+=)' })
  if ($said.Count -eq 0 -and (Test-Path -LiteralPath (Join-Path $data 'service.json'))) { return }
  if ($said.Count -eq 0) {
    $usual = "$env:SystemDrive\Images"
    try { $answer = Read-Host "Which folder has the images of this host? [$usual]" }
    catch { Stop-Script 'Which folder has the images of this host?' 'Say it at the end of the line: -Library images=D:\Images' }
    $said = @("images=$(if ($answer) { $answer } else { $usual })")
  }
  # A backslash before a quote would not end the word.
  $said = @($said | ForEach-Object { $_.TrimEnd('\') -replace ':$', ':\.' })
  $said | ForEach-Object { Assert-Library $_ }
  foreach ($folder in $said -replace '^[^=]*=') {
    try { [void] [IO.Directory]::CreateDirectory($folder) }
    catch { Stop-Script "The folder $folder of images could not be made." 'Name another with -Library NAME=FOLDER.' }
  }
  $said
}

# The release into a folder that is named by what is in it; whole, or not there. Gives that folder and the address that curl came from.
function Expand-Release {
  $file, $sum, $bytes = (Get-Release) -split ' '
  $folder = Join-Path $place "$varve_version-$($sum.Substring(0, 8))"
  $staged = Join-Path $place '.new'
  $address = ''
  [void] [IO.Directory]::CreateDirectory($place)
  Write-Removal
  if (Test-Path -LiteralPath $staged) { Remove-Item -LiteralPath $staged -Recurse -Force }
  if (Test-Program $folder) { return $folder, $address }
  try {
    $need = [long] $bytes * 5
    $free = (New-Object IO.DriveInfo ([IO.Path]::GetPathRoot($place))).AvailableFreeSpace
    if ($free -lt $need) {
      Stop-Script "$place has room for $([math]::Floor($free / 1MB)) MiB, and $([math]::Ceiling($need / 1MB)) MiB are needed." 'Make room, then run this again.'
    }
    [void] [IO.Directory]::CreateDirectory($staged)
    $packed = Join-Path $staged 'archive'
    if ($Archive) {
      try { Copy-Item -LiteralPath $Archive -Destination $packed }
      catch { Stop-Script "The archive $Archive cannot be read." 'Say where it is: -Archive FILE' }
    } else {
      $address = & $curl -fsSk --connect-timeout 20 -y 60 -Y 1000 -o $packed -w '%{local_ip}' "$Controller/install/files/$file"
      if ($LASTEXITCODE -ne 0) {
        Stop-Script "The archive could not be fetched from $Controller; what curl said is above." 'Run this again when the controller can be reached.'
      }
    }
    if ((Get-FileHash -Algorithm SHA256 -LiteralPath $packed).Hash -ne $sum) {
      Stop-Script 'The archive is not the one that this script is for: it was cut off, or changed on its way.' 'Run this again; if it stays so, make a new line on the controller.'
    }
    [void] (& $tar -xzf $packed -C $staged)
    if ($LASTEXITCODE -ne 0) { Stop-Script 'The archive could not be unpacked; what tar said is above.' 'Make room, then run this again.' }
    $unpacked = Join-Path $staged ($file -replace '\.tar\.gz$')
    if (-not (Test-Program $unpacked)) { Stop-Script 'The programs of Varve do not run on this host.' 'Where a rule of the host keeps programs from running, allow them in Program Files\Varve; then run this again.' }
    try {
      if (Test-Path -LiteralPath $folder) { Remove-Item -LiteralPath $folder -Recurse -Force }
      Move-Item -LiteralPath $unpacked -Destination $folder
    } catch { Stop-Script "$folder cannot be written to: $($_.Exception.Message)" 'Stop the agent that runs from there: sc.exe stop varve-agent. Then run this again.' }
    return $folder, $address
  } finally {
    if (Test-Path -LiteralPath $staged) { Remove-Item -LiteralPath $staged -Recurse -Force }
  }
}

function Test-Program([string] $folder) {
  $program = Join-Path (Join-Path $folder 'bin') 'varve.cmd'
  if (-not (Test-Path -LiteralPath $program)) { return $false }
  try { [void] (& $program --version) } catch { return $false }
  $LASTEXITCODE -eq 0
}

function Join-Fleet([string] $folder) {
  if (Test-Path -LiteralPath (Join-Path $data 'membership.json')) { return }
  if (-not $token) {
    try { $token = Read-Host 'The token (varve agents token on the controller)' }
    catch { Stop-Script 'There is no token.' 'Make one on the controller with varve agents token, and put it into VARVE_JOIN_TOKEN.' }
  }
  # The key of this host is for the system and administrators only.
  [void] [IO.Directory]::CreateDirectory($data)
  [void] (& (Join-Path $system 'icacls.exe') $data '/inheritance:r' '/grant:r' '*S-1-5-18:(OI)(CI)F' '/grant:r' '*S-1-5-32-544:(OI)(CI)F')
  if ($LASTEXITCODE -ne 0) { Stop-Script "$data could not be closed to other users." 'See that it can be, then run this again.' }
  $named = @(if ($Name) { '--name', $Name })
  $env:VARVE_JOIN_TOKEN = $token
  try { [void] (& (Join-Path (Join-Path $folder 'bin') 'varve-agent.cmd') join $Controller @named --data $data) }
  finally { $env:VARVE_JOIN_TOKEN = $null }
  if ($LASTEXITCODE -ne 0) {
    Stop-Script 'The host could not join; why is above. The program stays for the next try.' 'Run the line again, with a new token if this one was used: varve agents token on the controller.'
  }
}

# How it can be reached by other agents: as the controller sees it.
function Get-OwnAddress([string] $address) {
  if ($NbdHost) { return $NbdHost }
  if (-not $address) { $address = & $curl -fsSk --connect-timeout 20 -o (Join-Path $place '.health') -w '%{local_ip}' "$Controller/api/health" }
  if ($address -match '^[0-9A-Fa-f.:]+$' -and $address -notmatch '^(127\.|::1$)') { $address } else { '127.0.0.1' }
}

# The commands of the build that is installed.
function Write-Programs([string] $folder) {
  $build = Split-Path -Leaf $folder
  foreach ($name in 'varve', 'varve-agent') { Write-Commands "$name.cmd" @("`"%~dp0$build\bin\$name.cmd`" %*") }
}

# The agent as a service of this build, with what was said now and else with what was said before. Gives what it says.
function Install-Service([string] $folder, [string[]] $libraries, [string] $address) {
  $words = @($libraries | ForEach-Object { '--library'; $_ })
  if ($libraries -or $NbdHost) { $words += @('--nbd-host', (Get-OwnAddress $address)) }
  $health = Join-Path $place '.health'
  if (Test-Path -LiteralPath $health) { Remove-Item -LiteralPath $health }
  & (Join-Path (Join-Path $folder 'bin') 'varve-agent.cmd') service install --data $data @words
  if ($LASTEXITCODE -ne 0) {
    Stop-Script 'The service could not be installed; why is above.' 'Do what it says, then run this again.'
  }
}

function Write-Commands([string] $name, [string[]] $lines) {
  $new = Join-Path $place ".$name"
  [IO.File]::WriteAllText($new, ((@('@echo off') + $lines) -join "`r`n") + "`r`n", [Text.Encoding]::ASCII)
  Move-Item -LiteralPath $new -Destination (Join-Path $place $name) -Force
}

# Versions of before; what a running agent holds stays for the next time.
function Remove-Older([string] $folder) {
  Get-ChildItem -LiteralPath $place -Directory | Where-Object { $_.Name -match '-[0-9a-f]{8}$' -and $_.FullName -ne $folder } | ForEach-Object {
    $old = $_.FullName
    $within = $old + [IO.Path]::DirectorySeparatorChar
    $inUse = Get-Process | Where-Object { $_.Path -and $_.Path.StartsWith($within, [StringComparison]::OrdinalIgnoreCase) }
    if (-not $inUse) { Remove-Item -LiteralPath $old -Recurse -Force -ErrorAction SilentlyContinue }
  }
}

function Install-Agent {
  Assert-Host
  $libraries = @(Get-Libraries)
  $folder, $address = Expand-Release
  Join-Fleet $folder
  Write-Programs $folder
  $service = @(Install-Service $folder $libraries $address)
  Remove-Older $folder
  $member = (Get-Content -LiteralPath (Join-Path $data 'membership.json') -Raw | ConvertFrom-Json).name
  "varve: installed, and $member is in the fleet of $Controller. It starts with Windows:"
  $service | ForEach-Object { "  $_" }
}

$Controller = $Controller.TrimEnd('/')
try {
  if ($Remove) { & ([scriptblock]::Create($removal)) } else { Install-Agent }
} catch {
  Write-Host $_.Exception.Message
  # Whoever runs a file wants to know; whoever pastes a line has a window that is not to close.
  if ($PSCommandPath) { exit 1 }
}
