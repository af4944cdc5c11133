# Names another parent in a VHD or VHDX; Hyper-V refuses one of another identity.
#   in   {"image": "…", "parent": "…"}
#   out  {}
param($Parameters)

Set-VHD -Path $Parameters.image -ParentPath $Parameters.parent
@{}
