# Takes a folder or a drive letter from a partition of a VHD or VHDX that is a disk of Windows, and reads back that it is gone.
#   in   {"image": "…", "start": 1048576, "folder": "C:\mnt\web" or "X:\", "goesOffline": false, "seconds": 20}
#   out  {"wasMounted": true}
param($Parameters)

$image = [string] $Parameters.image
$folder = [string] $Parameters.folder
$start = [uint64] $Parameters.start

# The partition, if it has that folder or letter.
function Get-Mounted($Number) {
  try { $found = @(Get-Partition -DiskNumber $Number) } catch {
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { return }
    throw
  }
  foreach ($partition in $found) {
    if ([uint64] $partition.Offset -ne $start) { continue }
    $paths = @($partition.AccessPaths | Where-Object -FilterScript { $_ } | ForEach-Object -Process { "$_".TrimEnd('\') })
    if (@($paths | Where-Object -FilterScript { [string]::Equals($_, $folder.TrimEnd('\'), [StringComparison]::OrdinalIgnoreCase) }).Count -gt 0) { return $partition }
  }
}

$disk = Find-DiskOfImage $image
if ($null -eq $disk) { return @{ wasMounted = $false } }
$number = [uint32] $disk.Number
$partition = Get-Mounted $number
$wasMounted = $null -ne $partition
if ($wasMounted) {
  if (-not $disk.IsReadOnly) {
    $volume = @($partition.AccessPaths | Where-Object -FilterScript { "$_".StartsWith('\\?\Volume') })
    if ($volume.Count -gt 0) { Write-VolumeCache -Path $volume[0] }
  }
  Remove-PartitionAccessPath -DiskNumber $number -PartitionNumber ([uint32] $partition.PartitionNumber) -AccessPath $folder
  $clock = [Diagnostics.Stopwatch]::StartNew()
  while ($null -ne (Get-Mounted $number)) {
    if ($clock.Elapsed.TotalSeconds -ge [double] $Parameters.seconds) {
      Write-Error -Message "$folder is there still." -ErrorId 'VarveFolderStays' -Category OperationTimeout
    }
    Start-Sleep -Milliseconds 200
  }
}
if ($Parameters.goesOffline -and -not $disk.IsOffline) { Set-Disk -Number $number -IsOffline $true }
@{ wasMounted = $wasMounted }
