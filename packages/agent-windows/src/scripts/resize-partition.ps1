# Gives a partition of the disk that is made of a VHDX another size, with the filesystem in it.
#   in   {"image": "…", "start": 1048576, "size": 2097152}
#   out  {"wasThere": false}; true: it had that size already
param($Parameters)

$image = [string] $Parameters.image

$partition = Get-PartitionAt (Get-DiskOfImage $image) $Parameters.start
$size = [uint64] $Parameters.size
if ([uint64] $partition.Size -eq $size) { return @{ wasThere = $true } }
Resize-Partition -DiskNumber $partition.DiskNumber -PartitionNumber $partition.PartitionNumber -Size $size -Confirm:$false
@{ wasThere = $false }
