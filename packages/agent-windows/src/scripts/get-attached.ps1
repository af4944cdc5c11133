# Image files that this host has attached: disks of machines that are not off, checkpoints' files too, and disks that Windows
# has mounted itself.
#   out  {"disks": [{"path": "…", "machine": "…" or null}], "machines": "told", "no-module" or "no-rights", "mounted": "told" or "no-module"}
param($Parameters)

# Who may not see the machines gets an empty list and no error: an elevated administrator, the system and members of Hyper-V
# Administrators may. By their SIDs, since names are in the language of the host.
function Test-MaySeeMachines {
  $groups = & (Join-Path -Path $env:SystemRoot -ChildPath 'System32\whoami.exe') /groups /fo csv /nh
  "$groups" -match '"S-1-(16-12288|16-16384|5-32-578)"'
}

$disks = @()
$machines = 'told'
if ($null -eq (Get-Command -Name Get-VMHardDiskDrive -ErrorAction SilentlyContinue)) {
  $machines = 'no-module'
} elseif (-not (Test-MaySeeMachines)) {
  $machines = 'no-rights'
} else {
  foreach ($vm in @(Get-VM)) {
    if ("$($vm.State)" -eq 'Off') { continue }
    try { $drives = @(Get-VMHardDiskDrive -VM $vm) } catch {
      # Removed since it was listed.
      if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { continue }
      throw
    }
    foreach ($drive in $drives) {
      if ($drive.Path) { $disks += @{ path = "$($drive.Path)"; machine = "$($vm.Name)" } }
    }
  }
}

$mounted = 'told'
if ($null -eq (Get-Command -Name Get-Disk -ErrorAction SilentlyContinue)) {
  $mounted = 'no-module'
} else {
  foreach ($disk in @(Get-Disk)) {
    # The name that Windows gives it, or the number where the module that does so was not loaded.
    $isOfFile = @('File Backed Virtual', '15') -contains "$($disk.BusType)"
    if ($isOfFile -and $disk.Location) { $disks += @{ path = "$($disk.Location)"; machine = $null } }
  }
}

@{ disks = @($disks); machines = $machines; mounted = $mounted }
