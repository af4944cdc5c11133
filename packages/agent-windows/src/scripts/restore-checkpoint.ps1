# Takes a machine that is off back to one of its checkpoints.
#   in   {"machine": "…", "checkpoint": "…"}
#   out  {"current": "…"}
param($Parameters)

$vm = Get-VM -Id $Parameters.machine
if (@('Off', 'Saved') -notcontains "$($vm.State)") {
  Write-Error -Message "$($vm.Name) is not off." -ErrorId 'VarveMachineRuns' -Category ResourceBusy
}
$checkpoint = @(Get-VMSnapshot -VM $vm | Where-Object -FilterScript { "$($_.Id)" -eq $Parameters.checkpoint })
if ($checkpoint.Count -ne 1) { Write-Error -Message 'The checkpoint is gone.' -ErrorId 'VarveNoCheckpoint' -Category ObjectNotFound }
Restore-VMSnapshot -VMSnapshot $checkpoint[0] -Confirm:$false
$vm = Get-VM -Id $Parameters.machine
@{ current = "$($vm.ParentSnapshotId)".ToLowerInvariant() }
