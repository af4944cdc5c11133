# Compacts a dynamic or differencing VHD or VHDX in place; in the mode Full it is attached read-only.
#   in   {"image": "…", "mode": "Full" or "Prezeroed"}
#   out  {"size": 4194304}
param($Parameters)

$image = [string] $Parameters.image
Optimize-VHD -Path $image -Mode ([string] $Parameters.mode)
@{ size = [uint64] ([IO.FileInfo] $image).Length }
