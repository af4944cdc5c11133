# A partition of the disk that is made of a VHDX, with the volume in it.
#   in   {"image": "…", "start": 1048576, "isSized": true}
#   out  {"disk": 3, "partition": 2, "size": 1048576, "supported": {"min": 1048576, "max": 2097152}, "volume": {"path": "\\\\?\\Volume{…}\\",
#        "filesystem": "NTFS", "size": 1048576}}; supported: null where it is not asked for, volume: null where none is mounted
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
  Write-Error -Message "$image is no disk of this Windows any more." -ErrorId 'VarveDiskGone' -Category ObjectNotFound
}

function Get-PartitionAt($Disk) {
  $found = @(Get-Partition -DiskNumber $Disk.Number | Where-Object -FilterScript { [uint64] $_.Offset -eq [uint64] $Parameters.start })
  if ($found.Count -eq 1) { return $found[0] }
  Write-Error -Message "$image has no partition at byte $($Parameters.start)." -ErrorId 'VarveNoPartition' -Category ObjectNotFound
}

# Null as long as it is not mounted.
function Get-VolumeOf($Partition) {
  try { $found = @(Get-Volume -Partition $Partition) } catch {
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  if ($found.Count -eq 1 -and $found[0].Path) { return $found[0] }
}

$disk = Get-DiskOfImage
$partition = Get-PartitionAt $disk
$supported = $null
if ([bool] $Parameters.isSized) {
  $sizes = Get-PartitionSupportedSize -DiskNumber $disk.Number -PartitionNumber $partition.PartitionNumber
  $supported = @{ min = [uint64] $sizes.SizeMin; max = [uint64] $sizes.SizeMax }
}
$volume = $null
$there = Get-VolumeOf $partition
if ($null -ne $there) {
  $volume = @{ path = "$($there.Path)"; filesystem = "$($there.FileSystem)"; size = [uint64] $there.Size }
}
@{
  disk = [uint32] $disk.Number
  partition = [uint32] $partition.PartitionNumber
  size = [uint64] $partition.Size
  supported = $supported
  volume = $volume
}
