# Asks Hyper-V whether it can use a VHD or VHDX, and how its parents are named.
#   in   {"image": "…"}
#   out  {"isSound": true, "links": [{"path": "…", "size": 1, "kind": "Dynamic"}]}, the image first
param($Parameters)

$image = [string] $Parameters.image
$isSound = [bool] (Test-VHD -Path $image)
$links = @()
$path = $image
# A chain that runs in a circle has an end too.
while ($isSound -and $path -ne '' -and $links.Count -lt 1000) {
  $vhd = Get-VHD -Path $path
  $links += @{ path = "$($vhd.Path)"; size = [uint64] $vhd.Size; kind = "$($vhd.VhdType)" }
  $path = "$($vhd.ParentPath)"
}
@{ isSound = $isSound; links = @($links) }
