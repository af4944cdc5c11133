# Scans the volume in a partition of the disk that is made of a VHDX.
#   in   {"image": "…", "start": 1048576}
#   out  {"result": "NoErrorsFound"}
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

$volume = Get-VolumeOf (Get-PartitionAt (Get-DiskOfImage))
if ($null -eq $volume) { Write-Error -Message "$image has no volume there." -ErrorId 'VarveNoPartition' -Category ObjectNotFound }
@{ result = "$(Repair-Volume -Path $volume.Path -Scan)" }
