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
  $state.disks = @(@($state.disks) + @{ number = $number; path = $Path; isReadOnly = $IsReadOnly; isOffline = $state.keepsOffline; folders = @{} })
  Save-State $state
}
function Remove-StandInDisk([string] $Path) {
  $state = Read-State
  $state.disks = @($state.disks | Where-Object -FilterScript { $_.path -ne $Path })
  Save-State $state
}
`

/** What each cmdlet does with the parameters that were bound. */
export const answers = {
  'Get-Disk': String.raw`
@([pscustomobject]@{ Number = [uint32] 0; BusType = 'SAS'; Location = 'PCI Slot 1 : Bus 0'; Size = [uint64] 1GB; IsReadOnly = $false; IsOffline = $false; FriendlyName = 'Msft Virtual Disk' })
foreach ($disk in (Read-State).disks) {
  [pscustomobject]@{
    Number = [uint32] $disk.number; BusType = 'File Backed Virtual'; Location = $disk.path; FriendlyName = 'Msft Virtual Disk'
    Size = [uint64] (Read-Image $disk.path).virtualSize; IsReadOnly = $disk.isReadOnly; IsOffline = $disk.isOffline
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
    Size = [uint64] $partition.length; DriveLetter = [char] 0; AccessPaths = @(@($letters) + $own)
  }
}`,
  'Mount-VHD': `param($Bound) Add-StandInDisk $Bound['Path'][0] ("$($Bound['ReadOnly'])" -eq 'True') 'Microsoft.Vhd.PowerShell.Cmdlets.MountVhd'`,
  'Mount-DiskImage': `param($Bound) Add-StandInDisk $Bound['ImagePath'][0] ("$($Bound['Access'])" -eq 'ReadOnly') 'Mount-DiskImage'`,
  'Dismount-VHD': `param($Bound) Remove-StandInDisk $Bound['Path'][0]`,
  'Dismount-DiskImage': `param($Bound) Remove-StandInDisk $Bound['ImagePath'][0]`,
} as const
