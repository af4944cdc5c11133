import { stdoutText, type ToolCommand } from '@varve/agent/tools/tool-command'
import { parseAttachedDisks, type AttachedDisk } from './output.ts'

/**
 * Image files that this host has attached: disks of virtual machines that are not off, with their snapshots' files, and disks
 * that Windows has mounted. Without Hyper-V only the latter are there.
 */
const script = `
$ErrorActionPreference = 'Stop'
$found = @()
if (Get-Command -Name Get-VMHardDiskDrive -ErrorAction SilentlyContinue) {
  foreach ($vm in @(Get-VM -ErrorAction SilentlyContinue)) {
    if ("$($vm.State)" -eq 'Off') { continue }
    foreach ($drive in @(Get-VMHardDiskDrive -VMName $vm.Name -ErrorAction SilentlyContinue)) {
      if ($drive.Path) { $found += [pscustomobject]@{ Path = "$($drive.Path)"; Machine = "$($vm.Name)" } }
    }
  }
}
foreach ($disk in @(Get-Disk -ErrorAction SilentlyContinue)) {
  if ("$($disk.BusType)" -eq 'File Backed Virtual' -and $disk.Location) {
    $found += [pscustomobject]@{ Path = "$($disk.Location)"; Machine = $null }
  }
}
[Console]::OutputEncoding = [System.Text.Encoding]::UTF8
[Console]::Out.Write((ConvertTo-Json -Compress -InputObject @($found)))
`

/** Lists them; PowerShell gets the script as UTF-16 in base64, so that nothing of it is quoted. */
export function listAttachedDisks(): ToolCommand<readonly AttachedDisk[]> {
  return {
    tool: 'powershell',
    args: [
      '-NoLogo',
      '-NoProfile',
      '-NonInteractive',
      '-EncodedCommand',
      Buffer.from(script, 'utf16le').toString('base64'),
    ],
    silence: { ms: 60_000 },
    parse: (output) => parseAttachedDisks(stdoutText(output)),
  }
}
