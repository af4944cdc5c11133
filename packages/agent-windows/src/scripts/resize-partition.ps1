# Gives a partition of the disk that is made of a VHDX another size, with the filesystem in it.
#   in   {"image": "…", "start": 1048576, "size": 2097152}
#   out  {"wasThere": false}; true: it had that size already
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

$partition = Get-PartitionAt (Get-DiskOfImage)
$size = [uint64] $Parameters.size
if ([uint64] $partition.Size -eq $size) { return @{ wasThere = $true } }
Resize-Partition -DiskNumber $partition.DiskNumber -PartitionNumber $partition.PartitionNumber -Size $size -Confirm:$false
@{ wasThere = $false }
