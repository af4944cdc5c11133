# Takes the disk of a VHD or VHDX away, and waits until it is gone.
#   in   {"image": "…", "by": "hyper-v" or "storage", "seconds": 20}
#   out  {"wasAttached": true}
param($Parameters)

$image = [string] $Parameters.image

function Test-Attached { $null -ne (Find-DiskOfImage $image) }

if (-not (Test-Attached)) { return @{ wasAttached = $false } }
if ($Parameters.by -eq 'hyper-v') {
  Dismount-VHD -Path $image
} else {
  [void] (Dismount-DiskImage -ImagePath $image)
}
$clock = [Diagnostics.Stopwatch]::StartNew()
do {
  # It fails now and then while disks come and go.
  try { $isThere = Test-Attached } catch { $isThere = $true }
  if (-not $isThere) { return @{ wasAttached = $true } }
  Start-Sleep -Milliseconds 200
} while ($clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds)
Write-Error -Message "The disk of $image is there still." -ErrorId 'VarveDiskStays' -Category OperationTimeout
