# Drives of this Windows that can hold images.
#   out  {"drives": [{"path": "C:\", "protection": "On", "Off" or null, "clusterSize": 4096 or null, "deduplication": "HyperV" or null}]}
param($Parameters)

# Fixed and removable ones; those of the network and CDs hold no images of this host.
$drives = @([IO.DriveInfo]::GetDrives() | Where-Object -FilterScript { @('Fixed', 'Removable') -contains "$($_.DriveType)" -and $_.IsReady })
$protection = @{}
if ($null -ne (Get-Command -Name Get-BitLockerVolume -ErrorAction SilentlyContinue)) {
  # It wants an elevated administrator.
  try { foreach ($volume in @(Get-BitLockerVolume)) { $protection["$($volume.MountPoint)".TrimEnd('\')] = "$($volume.ProtectionStatus)" } } catch { $protection = @{} }
}
$volumes = @{}
if ($null -ne (Get-Command -Name Get-Volume -ErrorAction SilentlyContinue)) {
  # A disk that goes while it is asked makes it fail.
  try { foreach ($volume in @(Get-Volume)) { if ($volume.DriveLetter) { $volumes["$($volume.DriveLetter)"] = $volume } } } catch { $volumes = @{} }
}

# Null where the module of this Windows has no such property yet.
function Get-Value($Object, $Name) {
  if ($null -eq $Object) { return }
  $property = $Object.PSObject.Properties[$Name]
  if ($null -ne $property) { $property.Value }
}

# ReFS has a mode of its own. Not there, off: nothing of it.
function Get-Deduplication($Volume) {
  foreach ($name in @('DedupMode', 'ReFSDedupMode')) {
    $mode = "$(Get-Value $Volume $name)"
    if (@('', '0', '4', 'Disabled', 'NotAvailable') -notcontains $mode) { return $mode }
  }
}

@{
  drives = @($drives | ForEach-Object -Process {
      $name = $_.Name.TrimEnd('\')
      $volume = $volumes[$name.TrimEnd(':')]
      $size = Get-Value $volume 'AllocationUnitSize'
      if ($size) { $size = [uint64] $size } else { $size = $null }
      @{ path = $_.Name; protection = $protection[$name]; clusterSize = $size; deduplication = Get-Deduplication $volume }
    })
}
