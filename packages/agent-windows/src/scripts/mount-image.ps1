# Makes a VHD or VHDX a disk of Windows, without drive letters, and waits until the disk is there.
#   in   {"image": "…", "by": "hyper-v" or "storage", "isReadOnly": true, "seconds": 20}
#   out  {"number": 3}
param($Parameters)

$image = [string] $Parameters.image
$isReadOnly = [bool] $Parameters.isReadOnly

# Names may come with the prefix of long ones, and in any case; -eq would pass over what cannot be seen, such as marks of direction.
function Test-Same([string] $Location) {
  $plain = $Location -replace '^\\\\\?\\UNC\\', '\\' -replace '^\\\\\?\\(?=[A-Za-z]:)', ''
  [string]::Equals($plain, $image, [StringComparison]::OrdinalIgnoreCase)
}

function Get-DiskOfImage {
  foreach ($disk in @(Get-Disk)) {
    if (@('File Backed Virtual', '15') -contains "$($disk.BusType)" -and (Test-Same "$($disk.Location)")) { return $disk }
  }
}

if ($null -ne (Get-DiskOfImage)) {
  Write-Error -Message "$image is attached already." -ErrorId 'VarveAttachedAlready' -Category ResourceExists
}
if ($Parameters.by -eq 'hyper-v') {
  Mount-VHD -Path $image -NoDriveLetter -ReadOnly:$isReadOnly
} else {
  $access = 'ReadWrite'
  if ($isReadOnly) { $access = 'ReadOnly' }
  [void] (Mount-DiskImage -ImagePath $image -Access $access -NoDriveLetter)
}
$clock = [Diagnostics.Stopwatch]::StartNew()
do {
  # It fails now and then while disks come and go.
  try { $disk = Get-DiskOfImage } catch { $disk = $null }
  if ($null -ne $disk) { return @{ number = [uint32] $disk.Number } }
  Start-Sleep -Milliseconds 200
} while ($clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds)
Write-Error -Message "No disk of $image has come." -ErrorId 'VarveNoDisk' -Category OperationTimeout
