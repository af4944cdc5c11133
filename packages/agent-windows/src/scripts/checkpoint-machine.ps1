# Makes a checkpoint of a machine.
#   in   {"machine": "…", "name": "…"}
#   out  {"id": "…"}
param($Parameters)

$vm = Get-VM -Id $Parameters.machine
$made = @(Checkpoint-VM -VM $vm -SnapshotName $Parameters.name -Passthru)
if ($made.Count -ne 1) { Write-Error -Message 'Hyper-V made no checkpoint.' -ErrorId 'VarveNotMade' -Category InvalidResult }
@{ id = "$($made[0].Id)".ToLowerInvariant() }
