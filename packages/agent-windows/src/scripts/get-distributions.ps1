# Distributions of WSL of the users whose settings are loaded, and disks of Docker Desktop of theirs.
#   out  {"users": [{"sid": "S-1-5-21-…", "name": "PC\anna" or null, "isOwn": true, "isHidden": false, "data": "C:\Users\anna\AppData\Local" or null}],
#        "distributions": [{"user": "S-1-5-21-…", "id": "…", "name": "Debian", "path": "C:\…\ext4.vhdx" or null, "state": 1,
#        "isDefault": true, "exists": true, "isSparse": false}],
#        "docker": [{"user": "S-1-5-21-…", "path": "C:\…\docker_data.vhdx", "isSparse": false}]}
# What is not known is null.
param($Parameters)

$lxss = 'Software\Microsoft\Windows\CurrentVersion\Lxss'
$profiles = 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'

# Null where it has no such value.
function Get-Value($Object, $Name) {
  if ($null -eq $Object) { return $null }
  $property = $Object.PSObject.Properties[$Name]
  if ($null -ne $property) { $property.Value }
}

# The values of a key of the registry; null: there is no such key. Throws where it may not be read.
function Get-KeyValue($Key) {
  try { Get-ItemProperty -LiteralPath $Key } catch {
    if ("$($_.CategoryInfo.Category)" -ne 'ObjectNotFound') { throw }
  }
}

function Get-Text($Object, $Name) {
  $value = "$(Get-Value $Object $Name)"
  if ($value -ne '') { return $value }
}

# Attributes of a file are told also while another has it open for itself.
function Get-FileState([string] $Path) {
  # Without the prefix of long names, which older versions of the cmdlet do not take.
  try { $attributes = (Get-Item -LiteralPath ($Path -replace '^\\\\\?\\(?=[A-Za-z]:)', '') -Force).Attributes } catch {
    $exists = $null
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { $exists = $false }
    return @{ exists = $exists; isSparse = $null }
  }
  @{ exists = $true; isSparse = ([int] $attributes -band 0x200) -ne 0 }
}

# Where a session is, its variables tell; of services and tasks the list of profiles does, without asking a domain for the name.
function Get-User([string] $Sid, [string] $Hive, [bool] $IsOwn) {
  $user = @{ sid = $Sid; name = $null; isOwn = $IsOwn; isHidden = $false; data = $null }
  try { $session = Get-KeyValue "$Hive\Volatile Environment" } catch {
    $session = $null
    $user.isHidden = $true
  }
  $name = Get-Text $session 'USERNAME'
  $domain = Get-Text $session 'USERDOMAIN'
  $user.data = Get-Text $session 'LOCALAPPDATA'
  if ($null -eq $name -or $null -eq $user.data) {
    try { $folder = Get-Text (Get-KeyValue "$profiles\$Sid") 'ProfileImagePath' } catch { $folder = $null }
    if ($null -ne $folder) {
      if ($null -eq $name) { $name = @($folder.TrimEnd('\') -split '\\')[-1] }
      if ($null -eq $user.data) { $user.data = $folder.TrimEnd('\') + '\AppData\Local' }
    }
  }
  if ($null -ne $name -and $null -ne $domain) { $name = "$domain\$name" }
  $user.name = $name
  $user
}

function Get-Distribution([string] $Sid, [string] $Hive) {
  try { $ids = @(Get-ChildItem -LiteralPath "$Hive\$lxss" -Name | ForEach-Object -Process { "$_" }) } catch {
    # Who never had one.
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  $default = Get-Text (Get-KeyValue "$Hive\$lxss") 'DefaultDistribution'
  foreach ($id in $ids) {
    # Others are settings, such as of the disks that were attached.
    if ($id -notmatch '^\{[0-9A-Fa-f-]{36}\}$') { continue }
    $values = Get-KeyValue "$Hive\$lxss\$id"
    $name = Get-Text $values 'DistributionName'
    $folder = Get-Text $values 'BasePath'
    # Half installed, or half removed.
    if ($null -eq $name -or $null -eq $folder) { continue }
    $file = Get-Text $values 'VhdFileName'
    if ($null -eq $file) { $file = 'ext4.vhdx' }
    $path = $folder.TrimEnd('\') + '\' + $file
    $is = Get-FileState $path
    # What the key calls its version is that of its files; this bit tells that it runs in a virtual machine, from a disk.
    if (([int64] (Get-Value $values 'Flags') -band 8) -eq 0) { $path = $null }
    @{
      user = $Sid
      id = $id.Trim('{}').ToLowerInvariant()
      name = $name
      path = $path
      state = Get-Value $values 'State'
      isDefault = $id -eq $default
      exists = $is.exists
      isSparse = $is.isSparse
    }
  }
}

# Of the present Docker Desktop, and of older ones.
function Get-DockerDisk($User) {
  if ($null -eq $User.data) { return }
  foreach ($file in @('disk\docker_data.vhdx', 'data\ext4.vhdx')) {
    $path = $User.data.TrimEnd('\') + '\Docker\wsl\' + $file
    $is = Get-FileState $path
    if ($is.exists) { @{ user = $User.sid; path = $path; isSparse = $is.isSparse } }
  }
}

$who = "$(& (Join-Path -Path $env:SystemRoot -ChildPath 'System32\whoami.exe') /user /fo csv /nh)"
$own = ''
if ($who -match '"(S-1-[\d-]+)"') { $own = $Matches[1] }

# By name: what may not be opened is no child otherwise.
$sids = @(Get-ChildItem -LiteralPath 'Registry::HKEY_USERS' -Name | ForEach-Object -Process { "$_" } | Where-Object -FilterScript { $_ -match '^S-1-[\d-]+$' -and $_ -ne $own })
$users = @()
$distributions = @()
$docker = @()
foreach ($sid in @($own) + $sids) {
  $hive = "Registry::HKEY_USERS\$sid"
  if ($sid -eq $own) { $hive = 'Registry::HKEY_CURRENT_USER' }
  $user = Get-User $sid $hive ($sid -eq $own)
  try { $distributions += @(Get-Distribution $sid $hive) } catch {
    # Settings of others are shown to administrators; who signs out takes them away.
    if (@('PermissionDenied', 'SecurityError', 'ReadError') -notcontains "$($_.CategoryInfo.Category)") { throw }
    $user.isHidden = $true
  }
  $docker += @(Get-DockerDisk $user)
  $users += $user
}
@{ users = @($users); distributions = @($distributions); docker = @($docker) }
