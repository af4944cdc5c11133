# Makes a VHD or VHDX a disk of Windows, without drive letters, and waits until the disk is there.
#   in   {"image": "…", "by": "hyper-v" or "storage", "isReadOnly": true, "seconds": 20}
#   out  {"number": 3}
param($Parameters)

$image = [string] $Parameters.image
$isReadOnly = [bool] $Parameters.isReadOnly

if ($null -ne (Find-DiskOfImage $image)) {
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
  try { $disk = Find-DiskOfImage $image } catch { $disk = $null }
  if ($null -ne $disk) { return @{ number = [uint32] $disk.Number } }
  Start-Sleep -Milliseconds 200
} while ($clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds)
Write-Error -Message "No disk of $image has come." -ErrorId 'VarveNoDisk' -Category OperationTimeout
