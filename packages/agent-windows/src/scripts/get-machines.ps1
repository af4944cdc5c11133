# The machines of Hyper-V with their disks and checkpoints.
#   out  {"told": "told", "no-module" or "no-rights", "machines": [{"id": "…", "name": "…", "generation": 2, "state": "Off", "node": "…",
#        "drives": [{"path": "…", "controller": "SCSI", "number": 0, "location": 0}],
#        "checkpoints": {"kind": "Production" or null, "isAutomatic": true, "isMerging": false, "current": "…" or null,
#        "all": [{"id": "…", "name": "…", "type": "Standard", "isAutomatic": false, "parent": "…" or null, "madeAt": "…", "files": ["…"]}]}}]}
param($Parameters)

# Who may not see the machines gets an empty list and no error: an elevated administrator, the system and members of Hyper-V
# Administrators may. By their SIDs, since names are in the language of the host.
function Test-MaySeeMachines {
  $groups = & (Join-Path -Path $env:SystemRoot -ChildPath 'System32\whoami.exe') /groups /fo csv /nh
  # A service is at the level of the system whatever its account may do.
  $isAdministrator = "$groups" -match '"S-1-16-(12288|16384)"' -and "$groups" -match '"S-1-5-32-544"'
  $isAdministrator -or "$groups" -match '"S-1-5-32-578"'
}

# Null where the module of this Windows has no such property yet.
function Get-Value($Object, $Name) {
  $property = $Object.PSObject.Properties[$Name]
  if ($null -ne $property) { $property.Value }
}

# No checkpoint is nothing, an empty text or zeros, as the module has it.
function Get-CheckpointId($Object) {
  $id = "$(Get-Value $Object 'ParentSnapshotId')"
  if ($id -eq '' -or $id -eq '00000000-0000-0000-0000-000000000000') { return $null }
  $id.ToLowerInvariant()
}

# In no calendar and with no separators of a country.
function ConvertTo-Time($Time) {
  if ($null -eq $Time) { return '' }
  $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture)
}

# A file: an empty slot has no path, and a disk of the host one that only its number tells from a file's.
function Test-File($Drive) {
  if (-not $Drive.Path) { return $false }
  $number = Get-Value $Drive 'DiskNumber'
  $null -eq $number -or "$number" -eq '4294967295'
}

function Get-Checkpoint($Machine) {
  foreach ($checkpoint in @(Get-VMSnapshot -VM $Machine)) {
    @{
      id = "$($checkpoint.Id)".ToLowerInvariant()
      name = "$($checkpoint.Name)"
      type = "$($checkpoint.SnapshotType)"
      isAutomatic = [bool] (Get-Value $checkpoint 'IsAutomaticCheckpoint')
      parent = Get-CheckpointId $checkpoint
      madeAt = ConvertTo-Time $checkpoint.CreationTime
      files = @($checkpoint.HardDrives | Where-Object -FilterScript { $_ -and (Test-File $_) } | ForEach-Object -Process { "$($_.Path)" })
    }
  }
}

function Get-Drive($Machine) {
  foreach ($drive in @($Machine.HardDrives)) {
    if (-not $drive -or -not (Test-File $drive)) { continue }
    @{
      path = "$($drive.Path)"
      controller = "$($drive.ControllerType)"
      number = [int] $drive.ControllerNumber
      location = [int] $drive.ControllerLocation
    }
  }
}

# Machines that other nodes of the cluster have; their disks lie where this host sees them, too.
function Get-MachineElsewhere {
  if ($null -eq (Get-Command -Name Get-ClusterGroup -ErrorAction SilentlyContinue)) { return }
  $service = Get-Service -Name ClusSvc -ErrorAction SilentlyContinue
  if ($null -eq $service -or "$($service.Status)" -ne 'Running') { return }
  foreach ($group in @(Get-ClusterGroup)) {
    if (@('VirtualMachine', '111') -notcontains "$($group.GroupType)" -or "$($group.OwnerNode)" -eq [Environment]::MachineName) { continue }
    foreach ($vm in @(Get-VM -ClusterObject $group)) { @{ node = "$($group.OwnerNode)"; vm = $vm } }
  }
}

if ($null -eq (Get-Command -Name Get-VM -ErrorAction SilentlyContinue)) { return @{ told = 'no-module'; machines = @() } }
if (-not (Test-MaySeeMachines)) { return @{ told = 'no-rights'; machines = @() } }

$all = @(@(Get-VM) | Where-Object -FilterScript { $_ } | ForEach-Object -Process { @{ node = $null; vm = $_ } }) + @(Get-MachineElsewhere)
$machines = @()
foreach ($one in $all) {
  $vm = $one.vm
  try { $checkpoints = @(Get-Checkpoint $vm) } catch {
    # Removed since it was listed.
    if ("$($_.CategoryInfo.Category)" -eq 'ObjectNotFound') { continue }
    throw
  }
  $kind = Get-Value $vm 'CheckpointType'
  if ($null -ne $kind) { $kind = "$kind" }
  $status = @($vm.OperationalStatus | ForEach-Object -Process { "$_" })
  $machine = @{
    id = "$($vm.Id)".ToLowerInvariant()
    name = "$($vm.Name)"
    generation = [int] $vm.Generation
    state = "$($vm.State)"
    drives = @(Get-Drive $vm)
    checkpoints = @{
      kind = $kind
      isAutomatic = [bool] (Get-Value $vm 'AutomaticCheckpointsEnabled')
      isMerging = ($status -contains 'MergingDisks') -or ($status -contains '32772')
      current = Get-CheckpointId $vm
      all = @($checkpoints)
    }
  }
  if ($one.node) { $machine.node = $one.node }
  $machines += $machine
}
@{ told = 'told'; machines = @($machines) }
