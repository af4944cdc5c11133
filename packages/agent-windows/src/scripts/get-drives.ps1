# Drives of this Windows that can hold images.
#   out  {"drives": [{"path": "C:\", "protection": "On", "Off" or null}]}
param($Parameters)

# Fixed and removable ones; those of the network and CDs hold no images of this host.
$drives = @([IO.DriveInfo]::GetDrives() | Where-Object -FilterScript { @('Fixed', 'Removable') -contains "$($_.DriveType)" -and $_.IsReady })
$protection = @{}
if ($null -ne (Get-Command -Name Get-BitLockerVolume -ErrorAction SilentlyContinue)) {
  # It wants an elevated administrator.
  try { foreach ($volume in @(Get-BitLockerVolume)) { $protection["$($volume.MountPoint)".TrimEnd('\')] = "$($volume.ProtectionStatus)" } } catch { $protection = @{} }
}
@{ drives = @($drives | ForEach-Object -Process { @{ path = $_.Name; protection = $protection[$_.Name.TrimEnd('\')] } }) }
