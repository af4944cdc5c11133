# Image files that Windows has made disks, with their partitions, and what it can attach others by.
#   out  {"by": "hyper-v", "storage", "diskpart" or null, "mayAttach": true, "mayMount": true, "disks": [{"number": 3, "path": "…", "size": 1048576, "isReadOnly": true,
#        "isOffline": false, "partitions": [{"number": 1, "start": 1048576, "size": 1048576, "folders": ["E:\"]}]}]}
param($Parameters)

$groups = & (Join-Path -Path $env:SystemRoot -ChildPath 'System32\whoami.exe') /groups /fo csv /nh
# An elevated administrator, or the system itself; a service is at the level of the system whatever its account may do.
$isElevated = "$groups" -match '"S-1-16-(12288|16384)"' -and "$groups" -match '"S-1-5-32-544"'

$hasStorage = $null -ne (Get-Command -Name Get-Disk -ErrorAction SilentlyContinue)
$hasHyperV = $null -ne (Get-Command -Name Mount-VHD -ErrorAction SilentlyContinue)
$by = $null
# What was attached is found by the module of Storage; without it no disks are told here.
if ($hasStorage -and $hasHyperV) { $by = 'hyper-v' } elseif ($hasStorage) { $by = 'storage' }
elseif (Test-Path -LiteralPath (Join-Path -Path $env:SystemRoot -ChildPath 'System32\diskpart.exe')) { $by = 'diskpart' }
# Hyper-V attaches for its administrators, too, by a process of its own.
$mayAttach = $isElevated -or ($by -eq 'hyper-v' -and "$groups" -match '"S-1-5-32-578"')

function Get-DiskPartition($Number) {
  try { $found = @(Get-Partition -DiskNumber $Number) } catch {
    # It has none.
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  foreach ($partition in $found) {
    $folders = @($partition.AccessPaths | Where-Object -FilterScript { $_ -and -not "$_".StartsWith('\\?\') } | ForEach-Object -Process { "$_" })
    @{
      number = [uint32] $partition.PartitionNumber
      start = [uint64] $partition.Offset
      size = [uint64] $partition.Size
      folders = @($folders)
    }
  }
}

$disks = @()
if ($hasStorage) {
  foreach ($disk in @(Get-Disk)) {
    $isOfFile = @('File Backed Virtual', '15') -contains "$($disk.BusType)"
    if (-not $isOfFile -or -not $disk.Location) { continue }
    $disks += @{
      number = [uint32] $disk.Number
      path = "$($disk.Location)"
      size = [uint64] $disk.Size
      isReadOnly = [bool] $disk.IsReadOnly
      isOffline = [bool] $disk.IsOffline
      partitions = @(Get-DiskPartition $disk.Number)
    }
  }
}

@{ by = $by; mayAttach = $mayAttach; mayMount = $isElevated; disks = @($disks) }
