# Sets the kind of checkpoints that a machine gets.
#   in   {"machine": "…", "kind": "ProductionOnly"}
#   out  {"kind": "ProductionOnly"}
param($Parameters)

Set-VM -VM (Get-VM -Id $Parameters.machine) -CheckpointType $Parameters.kind
@{ kind = "$((Get-VM -Id $Parameters.machine).CheckpointType)" }
