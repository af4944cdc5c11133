# Takes the disk of a VHD or VHDX away, and waits until it is gone.
#   in   {"image": "…", "by": "hyper-v" or "storage"}
#   out  {"wasAttached": true}
param($Parameters)

$image = [string] $Parameters.image

function Test-Attached {
  foreach ($disk in @(Get-Disk)) {
    $location = "$($disk.Location)" -replace '^\\\\\?\\(?!UNC\\)', ''
    if (@('File Backed Virtual', '15') -contains "$($disk.BusType)" -and $location -eq $image) { return $true }
  }
  $false
}

if (-not (Test-Attached)) { return @{ wasAttached = $false } }
if ($Parameters.by -eq 'hyper-v') {
  Dismount-VHD -Path $image
} else {
  [void] (Dismount-DiskImage -ImagePath $image)
}
for ($turn = 0; $turn -lt 100; $turn += 1) {
  if (-not (Test-Attached)) { return @{ wasAttached = $true } }
  Start-Sleep -Milliseconds 200
}
Write-Error -Message "The disk of $image is there still." -ErrorId 'VarveDiskStays' -Category OperationTimeout
