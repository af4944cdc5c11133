# Writes the disk of a VHD or VHDX, with its parents, as a new one; its name tells which of both it is.
#   in   {"source": "…", "target": "…", "kind": "Dynamic" or "Fixed"}
#   out  {}
param($Parameters)

Convert-VHD -Path $Parameters.source -DestinationPath $Parameters.target -VHDType $Parameters.kind
@{}
