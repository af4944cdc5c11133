# Gives a partition of a VHD or VHDX that is a disk of Windows a folder or a drive letter, and reads back that it has it. A disk that
# is offline is brought online before.
#   in   {"image": "…", "start": 1048576, "folder": "C:\mnt\web" or "X:\", "seconds": 20}
#   out  {"number": 3, "partition": 1}
param($Parameters)

$image = [string] $Parameters.image
$folder = [string] $Parameters.folder
$start = [uint64] $Parameters.start
$clock = [Diagnostics.Stopwatch]::StartNew()
function Test-Time { $clock.Elapsed.TotalSeconds -lt [double] $Parameters.seconds }

# A partition whose volume has come has a path of its own; it comes some time after its disk.
function Get-PartitionAt($Number) {
  try { $found = @(Get-Partition -DiskNumber $Number) } catch {
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  $found | Where-Object -FilterScript { [uint64] $_.Offset -eq $start -and @($_.AccessPaths | Where-Object -FilterScript { $_ }).Count -gt 0 }
}

function Test-Mounted($Partition) {
  $paths = @($Partition.AccessPaths | Where-Object -FilterScript { $_ } | ForEach-Object -Process { "$_".TrimEnd('\') })
  @($paths | Where-Object -FilterScript { [string]::Equals($_, $folder.TrimEnd('\'), [StringComparison]::OrdinalIgnoreCase) }).Count -gt 0
}

$disk = Find-DiskOfImage $image
if ($null -eq $disk) { Write-Error -Message "$image is no disk of Windows." -ErrorId 'VarveNotAttached' -Category ObjectNotFound }
if ($disk.IsOffline) { Set-Disk -Number $disk.Number -IsOffline $false }
do {
  $partition = Get-PartitionAt $disk.Number
  if ($null -ne $partition) { break }
  Start-Sleep -Milliseconds 200
} while (Test-Time)
if ($null -eq $partition) { Write-Error -Message "No partition of $image has come." -ErrorId 'VarvePartitionLate' -Category OperationTimeout }
$number = [uint32] $disk.Number
$at = [uint32] $partition.PartitionNumber
if (-not (Test-Mounted $partition)) {
  if (-not "$((Get-Volume -Partition $partition).FileSystem)") {
    Write-Error -Message "Windows shows no filesystem there." -ErrorId 'VarveNoFilesystem' -Category InvalidData
  }
  Add-PartitionAccessPath -DiskNumber $number -PartitionNumber $at -AccessPath $folder
}
do {
  $partition = Get-PartitionAt $number
  if ($null -ne $partition -and (Test-Mounted $partition)) { return @{ number = $number; partition = $at } }
  Start-Sleep -Milliseconds 200
} while (Test-Time)
Write-Error -Message "$folder has not come." -ErrorId 'VarveNoMount' -Category OperationTimeout
