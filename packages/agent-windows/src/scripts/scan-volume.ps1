# Scans the volume in a partition of the disk that is made of a VHDX.
#   in   {"image": "…", "start": 1048576}
#   out  {"result": "NoErrorsFound"}
param($Parameters)

$image = [string] $Parameters.image

$volume = Find-VolumeOf (Get-PartitionAt (Get-DiskOfImage $image) $Parameters.start)
if ($null -eq $volume) { Write-Error -Message "$image has no volume there." -ErrorId 'VarveNoPartition' -Category ObjectNotFound }
@{ result = "$(Repair-Volume -Path $volume.Path -Scan)" }
