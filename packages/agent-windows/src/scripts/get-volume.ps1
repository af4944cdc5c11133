# A partition of the disk that is made of a VHDX, with the volume in it.
#   in   {"image": "…", "start": 1048576, "isSized": true}
#   out  {"disk": 3, "partition": 2, "size": 1048576, "supported": {"min": 1048576, "max": 2097152}, "volume": {"path": "\\\\?\\Volume{…}\\",
#        "filesystem": "NTFS", "size": 1048576}}; supported: null where it is not asked for, volume: null where none is mounted
param($Parameters)

$image = [string] $Parameters.image

$disk = Get-DiskOfImage $image
$partition = Get-PartitionAt $disk $Parameters.start
$supported = $null
if ([bool] $Parameters.isSized) {
  $sizes = Get-PartitionSupportedSize -DiskNumber $disk.Number -PartitionNumber $partition.PartitionNumber
  $supported = @{ min = [uint64] $sizes.SizeMin; max = [uint64] $sizes.SizeMax }
}
$volume = $null
$there = Find-VolumeOf $partition
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
