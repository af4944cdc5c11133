# What the scripts share, read once by serve.ps1: the disk that Windows makes of an image, and what lies on it.

# Null where there is none. It is known by its location alone: names may come with the prefix of long ones, and in any case; -eq
# would pass over what cannot be seen, such as marks of direction.
function Find-DiskOfImage([string] $Image) {
  foreach ($disk in @(Get-Disk)) {
    if (@('File Backed Virtual', '15') -notcontains "$($disk.BusType)") { continue }
    $plain = "$($disk.Location)" -replace '^\\\\\?\\UNC\\', '\\' -replace '^\\\\\?\\(?=[A-Za-z]:)', ''
    if ([string]::Equals($plain, $Image, [StringComparison]::OrdinalIgnoreCase)) { return $disk }
  }
}

function Get-DiskOfImage([string] $Image) {
  $disk = Find-DiskOfImage $Image
  if ($null -ne $disk) { return $disk }
  Write-Error -Message "$Image is no disk of this Windows any more." -ErrorId 'VarveDiskGone' -Category ObjectNotFound
}

function Get-PartitionAt($Disk, [uint64] $Start) {
  $found = @(Get-Partition -DiskNumber $Disk.Number | Where-Object -FilterScript { [uint64] $_.Offset -eq $Start })
  if ($found.Count -eq 1) { return $found[0] }
  Write-Error -Message "$($Disk.Location) has no partition at byte $Start." -ErrorId 'VarveNoPartition' -Category ObjectNotFound
}

# Null as long as it is not mounted.
function Find-VolumeOf($Partition) {
  try { $found = @(Get-Volume -Partition $Partition) } catch {
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  if ($found.Count -eq 1 -and $found[0].Path) { return $found[0] }
}
