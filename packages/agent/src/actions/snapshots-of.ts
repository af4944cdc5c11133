import { setTimeout as sleep } from 'node:timers/promises'
import type { InternalSnapshot } from '@varve/core/image/image-facts'
import { walkChain } from '@varve/core/chain/walk-chain'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { assertUnused } from '@varve/engine/images/edit-file'
import { nodePorts } from '@varve/engine/ports/ports'
import type { ActionInput } from '@varve/operations/actions/action-table'
import type { ActionPorts } from './adapter.ts'

/** The snapshot table of a qcow2, as it is on the medium now. */
export async function snapshotsOf(
  path: string,
  { roots }: Pick<ActionPorts, 'roots'>,
): Promise<readonly InternalSnapshot[]> {
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  await using walked = await walkChain(path, ports, { format: 'qcow2' })
  return walked.links[0].facts.snapshots
}

type Named = ActionInput<'create-snapshot'>

/** The snapshot of that name; throws `refused` where several have it, or another one has it as its id. */
export async function findSnapshot(
  { path, name }: Named,
  ports: Pick<ActionPorts, 'roots'>,
): Promise<InternalSnapshot | null> {
  const all = await snapshotsOf(path, ports)
  const fitting = all.filter((one) => one.name === name)
  const [found] = fitting
  if (found === undefined) return null
  if (fitting.length === 1 && !all.some((one) => one.id === name && one !== found)) return found
  throw new DiskError('refused', {
    file: path,
    reason: `several snapshots are called ${JSON.stringify(name)}, and QEMU takes one of them by chance`,
    remedy: 'Extract what you need from each with varve convert IMAGE@id=ID.',
  })
}

/** A process that a killed run left behind may still be at work. */
const waitMs = 30_000
const lookMs = 500

/** Waits until nobody has the image open; throws `in-use` when somebody keeps it. */
export async function waitUnused(path: string, signal: AbortSignal): Promise<void> {
  for (let waited = 0; ; waited += lookMs) {
    signal.throwIfAborted()
    try {
      await assertUnused(path)
      return
    } catch (error) {
      if (!isDiskError(error, 'in-use') || waited >= waitMs) throw error
    }
    await sleep(lookMs, undefined, { signal })
  }
}
