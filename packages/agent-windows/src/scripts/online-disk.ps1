# Brings the disk that is made of a VHDX online, and waits for the volume in one of its partitions.
#   in   {"image": "…", "start": 1048576, "seconds": 20}
#   out  {"wasOffline": true}
param($Parameters)

$image = [string] $Parameters.image

$disk = Get-DiskOfImage $image
$wasOffline = $false
if ($disk.IsOffline) {
  # For another reason than the policy, such as an identity that another disk has, Windows would write a new one into it.
  if (@('Policy', '1') -notcontains "$($disk.OfflineReason)") {
    Write-Error -Message "The disk of $image is offline: $($disk.OfflineReason)." -ErrorId 'VarveDiskStaysOffline' -Category ResourceBusy
  }
  $wasOffline = $true
  Set-Disk -Number $disk.Number -IsOffline $false
}
if ((Get-DiskOfImage $image).IsReadOnly) {
  $wasOffline = $true
  Set-Disk -Number $disk.Number -IsReadOnly $false
}
$clock = [Diagnostics.Stopwatch]::StartNew()
do {
  # It fails now and then while disks come and go.
  try { $volume = Find-VolumeOf (Get-PartitionAt $disk $Parameters.start) } catch { $volume = $null }
  if ($null -ne $volume) { return @{ wasOffline = $wasOffline } }
  Start-Sleep -Milliseconds 200
} while ($clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds)
Write-Error -Message "No volume of $image has come." -ErrorId 'VarveNoVolume' -Category OperationTimeout
