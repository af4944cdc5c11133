# Removes a checkpoint; its files are merged afterwards, which is not waited for.
#   in   {"machine": "…", "checkpoint": "…"}
#   out  {"wasThere": true}
param($Parameters)

$vm = Get-VM -Id $Parameters.machine
$checkpoint = @(Get-VMSnapshot -VM $vm | Where-Object -FilterScript { "$($_.Id)" -eq $Parameters.checkpoint })
if ($checkpoint.Count -eq 0) { return @{ wasThere = $false } }
Remove-VMSnapshot -VMSnapshot $checkpoint[0] -Confirm:$false
@{ wasThere = $true }
