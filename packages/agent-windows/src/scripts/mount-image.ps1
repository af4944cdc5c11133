# Makes a VHD or VHDX a disk of Windows, without drive letters, and waits until the disk is there.
#   in   {"image": "…", "by": "hyper-v" or "storage", "isReadOnly": true}
#   out  {"number": 3}
param($Parameters)

$image = [string] $Parameters.image
$isReadOnly = [bool] $Parameters.isReadOnly

# Names of files may come with the prefix of long ones, and in any case.
function Get-DiskOfImage {
  foreach ($disk in @(Get-Disk)) {
    $location = "$($disk.Location)" -replace '^\\\\\?\\(?!UNC\\)', ''
    if (@('File Backed Virtual', '15') -contains "$($disk.BusType)" -and $location -eq $image) { return $disk }
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
for ($turn = 0; $turn -lt 100; $turn += 1) {
  $disk = Get-DiskOfImage
  if ($null -ne $disk) { return @{ number = [uint32] $disk.Number } }
  Start-Sleep -Milliseconds 200
}
Write-Error -Message "No disk of $image has come." -ErrorId 'VarveNoDisk' -Category OperationTimeout
