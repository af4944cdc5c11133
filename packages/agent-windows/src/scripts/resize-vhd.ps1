# Gives the disk of a VHDX another size.
#   in   {"image": "…", "size": 2097152}
#   out  {"size": 2097152}
param($Parameters)

$image = [string] $Parameters.image
$size = [uint64] $Parameters.size
if ([uint64] (Get-VHD -Path $image).Size -ne $size) { Resize-VHD -Path $image -SizeBytes $size -Confirm:$false }
@{ size = [uint64] (Get-VHD -Path $image).Size }
