/** What the stand-ins of the cmdlets share: the state of the Windows, and errors as its modules make them. */
export const shared = String.raw`
function Read-State { ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($stateFile)) }
function Save-State($State) { [IO.File]::WriteAllText($stateFile, (ConvertTo-Json -InputObject $State -Depth 12)) }
function Write-SystemError([string] $Text, [int] $Code, [string] $Id, [string] $Category) {
  $cause = New-Object -TypeName System.Runtime.InteropServices.COMException -ArgumentList $Text, $Code
  Write-Error -Exception $cause -ErrorId $Id -Category $Category
}
function Assert-Image([string] $Path, [string] $Cmdlet) {
  if (-not [IO.File]::Exists($Path)) { Write-SystemError 'Das System kann die Datei nicht finden.' 0x80070002 "OperationFailed,$Cmdlet" 'ObjectNotFound' }
}
if (-not (Test-Path -Path Variable:global:standInImages)) { $global:standInImages = @{} }
function Read-Image([string] $Path) {
  $key = "$([IO.File]::GetLastWriteTimeUtc($Path).Ticks) $Path"
  if (-not $global:standInImages.ContainsKey($key)) {
    $global:standInImages[$key] = ConvertFrom-Json -InputObject ((& $node $varve info --json $Path) -join ' ')
  }
  $global:standInImages[$key]
}
function Find-Attached($State, [string] $Path) { $State.disks | Where-Object -FilterScript { $_.path -eq $Path } }
function Find-User($State, [string] $Path) {
  foreach ($machine in $State.machines) {
    if ($machine.state -ne 'Off') { foreach ($drive in $machine.drives) { if ($drive.path -eq $Path) { return $machine.name } } }
  }
}
function Assert-Free($State, [string] $Path, [string] $Cmdlet) {
  if ((Find-Attached $State $Path) -or (Find-User $State $Path)) {
    Write-SystemError 'Der Prozess kann nicht auf die Datei zugreifen.' 0x80070020 "ObjectInUse,$Cmdlet" 'ResourceBusy'
  }
}
function Add-StandInDisk([string] $Path, [bool] $IsReadOnly, [string] $Cmdlet) {
  Assert-Image $Path $Cmdlet
  $state = Read-State
  Assert-Free $state $Path $Cmdlet
  $number = 1
  while (@($state.disks | Where-Object -FilterScript { $_.number -eq $number }).Count -gt 0) { $number += 1 }
  $state.disks = @(@($state.disks) + @{ number = $number; path = $Path; isReadOnly = $IsReadOnly; isOffline = $state.keepsOffline; offlineReason = 'Policy'; folders = @{} })
  Save-State $state
}
function Remove-StandInDisk([string] $Path) {
  $state = Read-State
  $state.disks = @($state.disks | Where-Object -FilterScript { $_.path -ne $Path })
  Save-State $state
}
function Edit-Vhdx {
  $said = & $node --no-warnings $changeVhdx @args 2>&1
  if ($LASTEXITCODE -ne 0) { throw "$args failed: $said" }
}
function Find-Place($DiskNumber, $PartitionNumber) {
  $disk = (Read-State).disks | Where-Object -FilterScript { $_.number -eq $DiskNumber }
  $image = Read-Image $disk.path
  $partition = $image.guest.table.partitions | Where-Object -FilterScript { $_.index -eq $PartitionNumber }
  $filesystem = $image.guest.filesystems | Where-Object -FilterScript { $_.start -eq $partition.start }
  $ends = @($image.guest.table.partitions | Where-Object -FilterScript { $_.start -gt $partition.start } | ForEach-Object -Process { $_.start }) + [math]::Floor(($image.virtualSize - 33 * 512) / 1MB) * 1MB
  @{ disk = $disk; image = $image; partition = $partition; filesystem = $filesystem; end = ($ends | Measure-Object -Minimum).Minimum }
}
function ConvertTo-Drive($Drive) {
  [pscustomobject]@{ Path = $Drive.path; ControllerType = $Drive.controllerType; ControllerNumber = $Drive.controllerNumber; ControllerLocation = $Drive.controllerLocation; DiskNumber = $null }
}
function ConvertTo-Machine($Machine) {
  $id = [guid]::Empty
  if ($Machine.parentId) { $id = [guid] $Machine.parentId }
  $status = @('Ok')
  if ($Machine.isMerging) { $status = @('Ok', 'MergingDisks') }
  [pscustomobject]@{
    Id = [guid] $Machine.id; Name = $Machine.name; State = $Machine.state; Generation = $Machine.generation; CheckpointType = $Machine.checkpointType
    AutomaticCheckpointsEnabled = $Machine.automaticCheckpoints; OperationalStatus = $status; ParentSnapshotId = $id
    HardDrives = @($Machine.drives | ForEach-Object -Process { ConvertTo-Drive $_ })
  }
}
function ConvertTo-Checkpoint($Machine, $Checkpoint) {
  $id = $null
  if ($Checkpoint.parentId) { $id = [guid] $Checkpoint.parentId }
  [pscustomobject]@{
    Id = [guid] $Checkpoint.id; Name = $Checkpoint.name; VMId = [guid] $Machine.id; SnapshotType = $Checkpoint.type; IsAutomaticCheckpoint = $Checkpoint.isAutomatic
    ParentSnapshotId = $id; CreationTime = (Get-Date -Date '2026-11-01T10:00:00Z'); HardDrives = @($Checkpoint.drives | ForEach-Object -Process { ConvertTo-Drive $_ })
  }
}
function Find-Machine($State, $Id) { $State.machines | Where-Object -FilterScript { $_.id -eq "$Id" } }
function Invoke-Varve {
  $said = & $node $varve @args 2>&1
  if ($LASTEXITCODE -ne 0) { throw "varve $args failed: $said" }
}
function Merge-Drive($Child, $Parent) {
  $merged = $Parent.path + '.merged'
  Invoke-Varve convert $Child.path $merged -O vhdx --yes
  [IO.File]::Delete($Parent.path)
  [IO.File]::Move($merged, $Parent.path)
  [IO.File]::Delete($Child.path)
}
function New-Drive($Drive) {
  $folder = [IO.Path]::GetDirectoryName($Drive.path)
  $path = [IO.Path]::Combine($folder, ([IO.Path]::GetFileNameWithoutExtension($Drive.path) -replace '_[0-9A-F-]{36}$', '') + '_' + "$([guid]::NewGuid())".ToUpper() + '.avhdx')
  Invoke-Varve create $path --backing $Drive.path -O vhdx
  @{ path = $path; controllerType = $Drive.controllerType; controllerNumber = $Drive.controllerNumber; controllerLocation = $Drive.controllerLocation }
}
`

/** What each cmdlet does with the parameters that were bound. */
export const answers = {
  'Get-Disk': String.raw`
@([pscustomobject]@{ Number = [uint32] 0; BusType = 'SAS'; Location = 'PCI Slot 1 : Bus 0'; Size = [uint64] 1GB; IsReadOnly = $false; IsOffline = $false; FriendlyName = 'Msft Virtual Disk' })
foreach ($disk in (Read-State).disks) {
  [pscustomobject]@{
    Number = [uint32] $disk.number; BusType = 'File Backed Virtual'; Location = $disk.path; FriendlyName = 'Msft Virtual Disk'
    Size = [uint64] (Read-Image $disk.path).virtualSize; IsReadOnly = $disk.isReadOnly; IsOffline = $disk.isOffline; OfflineReason = $disk.offlineReason
  }
}`,
  'Get-Partition': String.raw`param($Bound)
$disk = (Read-State).disks | Where-Object -FilterScript { $_.number -eq $Bound['DiskNumber'][0] }
$found = @((Read-Image $disk.path).guest.table.partitions)
if ($found.Count -eq 0) { Write-Error -Message 'Es wurden keine Objekte gefunden.' -ErrorId 'CmdletizationQuery_NotFound_DiskNumber,Get-Partition' -Category ObjectNotFound }
foreach ($partition in $found) {
  $own = @('\\?\Volume{00000000-0000-0000-0000-00000000000' + $partition.index + '}\')
  $letters = $disk.folders.PSObject.Properties | Where-Object -FilterScript { $_.Name -eq "$($partition.index)" } | ForEach-Object -Process { $_.Value }
  [pscustomobject]@{
    DiskNumber = [uint32] $disk.number; PartitionNumber = [uint32] $partition.index; Offset = [uint64] $partition.start
    Size = [uint64] $partition.length; DriveLetter = [char] 0; AccessPaths = @(if (-not $disk.isOffline) { @($letters) + $own })
  }
}`,
  'Get-Volume': String.raw`param($Bound)
$place = Find-Place $Bound['Partition'].DiskNumber $Bound['Partition'].PartitionNumber
if ($place.disk.isOffline) { return }
$path = (Read-State).volumeFolder
if (-not $path) { $path = '\\?\Volume{00000000-0000-0000-0000-0000000000' + $place.disk.number + $Bound['Partition'].PartitionNumber + '}\' }
$types = @{ ntfs = 'NTFS'; refs = 'ReFS'; fat32 = 'FAT32'; fat16 = 'FAT'; exfat = 'exFAT' }
$volume = @{ Path = $path; FileSystem = ''; Size = [uint64] 0; HealthStatus = 'Healthy'; DriveLetter = [char] 0 }
if ($place.filesystem -and $types.ContainsKey("$($place.filesystem.type)")) {
  $volume.FileSystem = $types["$($place.filesystem.type)"]
  $volume.Size = [uint64] $place.filesystem.size
}
[pscustomobject] $volume`,
  'Get-PartitionSupportedSize': `param($Bound)
$place = Find-Place $Bound['DiskNumber'][0] $Bound['PartitionNumber'][0]
[pscustomobject]@{ SizeMin = [uint64] ([math]::Ceiling($place.filesystem.used / 1MB) * 1MB + 4MB); SizeMax = [uint64] ($place.end - $place.partition.start) }`,
  'Resize-Partition': `param($Bound)
$place = Find-Place $Bound['DiskNumber'][0] $Bound['PartitionNumber'][0]
Edit-Vhdx 'partition' $place.disk.path $place.partition.index $place.partition.start $place.partition.length $Bound['Size']`,
  'Repair-Volume': `param($Bound) (Read-State).scanned`,
  'Optimize-Volume': '',
  // A copy: what asks for it may hold the image.
  'Optimize-VHD': String.raw`param($Bound)
$path = $Bound['Path'][0]
Assert-Image $path 'Microsoft.Vhd.PowerShell.Cmdlets.OptimizeVhd'
$state = Read-State
$disk = Find-Attached $state $path
if (($disk -and -not $disk.isReadOnly) -or (Find-User $state $path)) { Write-SystemError 'Der Prozess kann nicht auf die Datei zugreifen.' 0x80070020 'ObjectInUse,Microsoft.Vhd.PowerShell.Cmdlets.OptimizeVhd' 'ResourceBusy' }
$only = @()
if (-not $disk -or "$($Bound['Mode'])" -ne 'Full') { $only = @('--zeros-only') }
$copy = $path + '.optimized.vhdx'
[IO.File]::Copy($path, $copy, $true)
# It fails where nothing is to be had.
$said = & $node $varve reclaim $copy @only --yes 2>&1
[IO.File]::WriteAllBytes($path, [IO.File]::ReadAllBytes($copy))
[IO.File]::Delete($copy)`,
  'Set-Disk': `param($Bound)
$state = Read-State
foreach ($disk in @($state.disks | Where-Object -FilterScript { $_.number -eq $Bound['Number'] })) {
  if ($Bound.ContainsKey('IsOffline')) { $disk.isOffline = $Bound['IsOffline'] }
  if ($Bound.ContainsKey('IsReadOnly')) { $disk.isReadOnly = $Bound['IsReadOnly'] }
}
Save-State $state`,
  'Resize-VHD': `param($Bound)
$path = $Bound['Path'][0]
Assert-Free (Read-State) $path 'Microsoft.Vhd.PowerShell.Cmdlets.ResizeVhd'
Edit-Vhdx 'disk' $path $Bound['SizeBytes']`,
  'Add-PartitionAccessPath': String.raw`param($Bound)
$state = Read-State
$path = $Bound['AccessPath'].TrimEnd('\') + '\'
foreach ($other in $state.disks) {
  foreach ($one in $other.folders.PSObject.Properties) {
    if (@($one.Value) -contains $path) { Write-Error -Message 'Der angeforderte Zugriffspfad wird bereits verwendet.' -ErrorId 'StorageWMI 42002,Add-PartitionAccessPath' -Category InvalidArgument }
  }
}
$disk = $state.disks | Where-Object -FilterScript { $_.number -eq $Bound['DiskNumber'][0] }
$key = "$($Bound['PartitionNumber'][0])"
$before = @($disk.folders.PSObject.Properties | Where-Object -FilterScript { $_.Name -eq $key } | ForEach-Object -Process { $_.Value })
$disk.folders | Add-Member -MemberType NoteProperty -Name $key -Value @($before + $path) -Force
Save-State $state`,
  'Remove-PartitionAccessPath': String.raw`param($Bound)
$state = Read-State
$path = $Bound['AccessPath'].TrimEnd('\') + '\'
$disk = $state.disks | Where-Object -FilterScript { $_.number -eq $Bound['DiskNumber'][0] }
$key = "$($Bound['PartitionNumber'][0])"
$left = @($disk.folders.PSObject.Properties | Where-Object -FilterScript { $_.Name -eq $key } | ForEach-Object -Process { $_.Value } | Where-Object -FilterScript { $_ -ne $path })
$disk.folders | Add-Member -MemberType NoteProperty -Name $key -Value $left -Force
Save-State $state`,
  'Write-VolumeCache': '',
  'Mount-VHD': `param($Bound) Add-StandInDisk $Bound['Path'][0] ("$($Bound['ReadOnly'])" -eq 'True') 'Microsoft.Vhd.PowerShell.Cmdlets.MountVhd'`,
  'Mount-DiskImage': `param($Bound) Add-StandInDisk $Bound['ImagePath'][0] ("$($Bound['Access'])" -eq 'ReadOnly') 'Mount-DiskImage'`,
  'Set-VHD': String.raw`param($Bound)
$path = $Bound['Path']
Assert-Image $path 'Microsoft.Vhd.PowerShell.Cmdlets.SetVhd'
Assert-Image $Bound['ParentPath'] 'Microsoft.Vhd.PowerShell.Cmdlets.SetVhd'
# The run that asks for it has the image: a copy, and the action alone.
$copy = $path + '.set.vhdx'
[IO.File]::Copy($path, $copy)
$undo = "$([guid]::NewGuid())".Substring(0, 8)
Invoke-Varve do repoint-parent (ConvertTo-Json -Compress -InputObject @{ path = $copy; parent = @{ path = $Bound['ParentPath'] }; undo = $undo })
[IO.File]::Delete([IO.Path]::Combine([IO.Path]::GetDirectoryName($copy), '.' + [IO.Path]::GetFileName($copy) + ".$undo.undo"))
[IO.File]::Copy($copy, $path, $true)
[IO.File]::Delete($copy)`,
  'Test-VHD': String.raw`param($Bound)
$path = $Bound['Path'][0]
Assert-Image $path 'Microsoft.Vhd.PowerShell.Cmdlets.TestVhd'
& $node $varve check $path --json > $null 2>&1
$LASTEXITCODE -eq 0`,
  'Get-VHD': String.raw`param($Bound)
$path = $Bound['Path'][0]
Assert-Image $path 'Microsoft.Vhd.PowerShell.Cmdlets.GetVhd'
$found = Read-Image $path
$kind = @{ dynamic = 'Dynamic'; fixed = 'Fixed'; differencing = 'Differencing' }["$($found.subformat)"]
$parent = ''
if ($found.chain.Count -gt 1) { $parent = $found.chain[1].path }
[pscustomobject]@{ Path = $path; VhdFormat = "$($found.format)".ToUpper(); VhdType = $kind; Size = [uint64] $found.virtualSize; ParentPath = $parent }`,
  // It tells formats by endings, as the real one does.
  'Convert-VHD': String.raw`param($Bound)
$path = $Bound['Path']
$target = $Bound['DestinationPath']
Assert-Image $path 'Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd'
Assert-Free (Read-State) $path 'Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd'
if ([IO.File]::Exists($target)) { Write-SystemError 'Die Datei ist vorhanden.' 0x80070050 'OperationFailed,Microsoft.Vhd.PowerShell.Cmdlets.ConvertVhd' 'ResourceExists' }
$format = [IO.Path]::GetExtension($target).Substring(1)
Invoke-Varve convert $path $target -O $format --subformat "$($Bound['VHDType'])".ToLower() --accept raw-unrecognised --yes`,
  'Dismount-VHD': `param($Bound) Remove-StandInDisk $Bound['Path'][0]`,
  'Dismount-DiskImage': `param($Bound) Remove-StandInDisk $Bound['ImagePath'][0]`,
  'Get-VM': `param($Bound)
$found = @((Read-State).machines)
if ($Bound.ContainsKey('Id')) {
  $found = @($found | Where-Object -FilterScript { $_.id -eq "$($Bound['Id'])" })
  if ($found.Count -eq 0) { Write-SystemError 'Hyper-V konnte keinen virtuellen Computer finden.' 0x80070490 'InvalidParameter,Microsoft.HyperV.PowerShell.Commands.GetVM' 'InvalidArgument' }
}
$found | ForEach-Object -Process { ConvertTo-Machine $_ }`,
  'Set-VM': `param($Bound)
$state = Read-State
$machine = Find-Machine $state $Bound['VM'][0].Id
$machine.checkpointType = "$($Bound['CheckpointType'])"
Save-State $state`,
  'Get-VMSnapshot': `param($Bound)
$machine = Find-Machine (Read-State) $Bound['VM'][0].Id
$machine.checkpoints | ForEach-Object -Process { ConvertTo-Checkpoint $machine $_ }`,
  'Checkpoint-VM': `param($Bound)
$state = Read-State
$machine = Find-Machine $state $Bound['VM'][0].Id
$made = [pscustomobject]@{ id = "$([guid]::NewGuid())"; name = $Bound['SnapshotName']; parentId = $machine.parentId; type = 'Standard'; isAutomatic = $false; drives = @($machine.drives) }
$machine.drives = @($machine.drives | ForEach-Object -Process { New-Drive $_ })
$machine.checkpoints = @(@($machine.checkpoints) + $made)
$machine.parentId = $made.id
Save-State $state
ConvertTo-Checkpoint $machine $made`,
  'Restore-VMSnapshot': `param($Bound)
$state = Read-State
$machine = Find-Machine $state $Bound['VMSnapshot'].VMId
$wanted = $machine.checkpoints | Where-Object -FilterScript { $_.id -eq "$($Bound['VMSnapshot'].Id)" }
$machine.drives | ForEach-Object -Process { [IO.File]::Delete($_.path) }
$machine.drives = @($wanted.drives | ForEach-Object -Process { New-Drive $_ })
$machine.parentId = $wanted.id
Save-State $state`,
  // Only of the one that the disks stand on now: their files are merged into those that it kept.
  'Remove-VMSnapshot': `param($Bound)
$state = Read-State
$machine = Find-Machine $state $Bound['VMSnapshot'][0].VMId
$gone = $machine.checkpoints | Where-Object -FilterScript { $_.id -eq "$($Bound['VMSnapshot'][0].Id)" }
if ($machine.parentId -eq $gone.id) {
  foreach ($drive in $machine.drives) { Merge-Drive $drive ($gone.drives | Where-Object -FilterScript { $_.controllerLocation -eq $drive.controllerLocation }) }
  $machine.drives = @($gone.drives)
  $machine.parentId = $gone.parentId
}
$machine.checkpoints = @($machine.checkpoints | Where-Object -FilterScript { $_.id -ne $gone.id })
Save-State $state`,
} as const
