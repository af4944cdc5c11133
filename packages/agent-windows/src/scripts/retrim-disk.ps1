# Discards what the volumes of an attached image call free; volumes that are not healthy, or that Windows does not read, are passed over.
#   in   {"image": "…"}
#   out  {"isOffline": false, "volumes": [{"partition": 1, "filesystem": "NTFS" or null, "state": "retrimmed", "unhealthy", "not-readable" or "not-supported"}]}
param($Parameters)

$image = [string] $Parameters.image

function Get-DiskPartition($Number) {
  try { @(Get-Partition -DiskNumber $Number) } catch {
    # It has none.
    if ("$($_.CategoryInfo.Category)" -ne 'ObjectNotFound') { throw }
  }
}

function Get-VolumeOfPartition($Partition) {
  try { @(Get-Volume -Partition $Partition)[0] } catch {
    # One of the system, or reserved: it has no volume.
    if ("$($_.CategoryInfo.Category)" -ne 'ObjectNotFound') { throw }
  }
}

function Invoke-Retrim($Volume) {
  if (@('NTFS', 'ReFS') -notcontains "$($Volume.FileSystem)") { return 'not-readable' }
  if (@('Healthy', '0') -notcontains "$($Volume.HealthStatus)") { return 'unhealthy' }
  try { [void] (Optimize-Volume -Path "$($Volume.Path)" -ReTrim) } catch {
    # MSFT_Volume.Optimize returns 1 for what it does not support.
    if (("$($_.FullyQualifiedErrorId)" -split ',')[0] -ne 'StorageWMI 1') { throw }
    return 'not-supported'
  }
  'retrimmed'
}

$disk = Find-DiskOfImage $image
if ($null -eq $disk) { Write-Error -Message "$image is not attached." -ErrorId 'VarveNotAttached' -Category ObjectNotFound }
$volumes = @()
if (-not $disk.IsOffline) {
  foreach ($partition in @(Get-DiskPartition $disk.Number)) {
    $volume = Get-VolumeOfPartition $partition
    if ($null -eq $volume) { continue }
    $filesystem = $null
    if ($volume.FileSystem) { $filesystem = "$($volume.FileSystem)" }
    $volumes += @{ partition = [uint32] $partition.PartitionNumber; filesystem = $filesystem; state = Invoke-Retrim $volume }
  }
}
@{ isOffline = [bool] $disk.IsOffline; volumes = @($volumes) }
