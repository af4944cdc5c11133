# Brings the disk that is made of a VHDX online, and waits for the volume in one of its partitions.
#   in   {"image": "…", "start": 1048576, "seconds": 20}
#   out  {"wasOffline": true}
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
$wasOffline = $false
if ($disk.IsOffline) {
  # For another reason than the policy, such as an identity that another disk has, Windows would write a new one into it.
  if (@('Policy', '1') -notcontains "$($disk.OfflineReason)") {
    Write-Error -Message "The disk of $image is offline: $($disk.OfflineReason)." -ErrorId 'VarveDiskStaysOffline' -Category ResourceBusy
  }
  $wasOffline = $true
  Set-Disk -Number $disk.Number -IsOffline $false
}
if ((Get-DiskOfImage).IsReadOnly) {
  $wasOffline = $true
  Set-Disk -Number $disk.Number -IsReadOnly $false
}
$clock = [Diagnostics.Stopwatch]::StartNew()
do {
  # It fails now and then while disks come and go.
  try { $volume = Get-VolumeOf (Get-PartitionAt $disk) } catch { $volume = $null }
  if ($null -ne $volume) { return @{ wasOffline = $wasOffline } }
  Start-Sleep -Milliseconds 200
} while ($clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds)
Write-Error -Message "No volume of $image has come." -ErrorId 'VarveNoVolume' -Category OperationTimeout
