# Discards what the volumes of an attached image call free; volumes that are not healthy, or that Windows does not read, are passed over.
#   in   {"image": "…"}
#   out  {"isOffline": false, "volumes": [{"partition": 1, "filesystem": "NTFS" or null, "state": "retrimmed", "unhealthy", "not-readable" or "not-supported"}]}
param($Parameters)

$image = [string] $Parameters.image

# Names may come with the prefix of long ones, and in any case; -eq would pass over what cannot be seen, such as marks of direction.
function Test-Same([string] $Location) {
  $plain = $Location -replace '^\\\\\?\\UNC\\', '\\' -replace '^\\\\\?\\(?=[A-Za-z]:)', ''
  [string]::Equals($plain, $image, [StringComparison]::OrdinalIgnoreCase)
}

function Get-DiskOfImage {
  foreach ($disk in @(Get-Disk)) {
    if (@('File Backed Virtual', '15') -contains "$($disk.BusType)" -and (Test-Same "$($disk.Location)")) { return $disk }
  }
}

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

$disk = Get-DiskOfImage
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
