import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { MachineId, type HyperVMachine } from '@varve/protocol/machines'
import { z } from 'zod'
import { putFile, shortText } from '../../host/notes.ts'

/** That Varve has begun to make a checkpoint: others can have made one of the same name. */
const Begun = z.object({
  machine: MachineId,
  name: z.string(),
  /** Those that were there before. */
  before: z.array(MachineId),
  /** Null: it is not known how it ended. */
  made: MachineId.nullable(),
})
export type Begun = z.infer<typeof Begun>

type Meant = Pick<Begun, 'machine' | 'name'>
type Ports = Pick<ActionPorts, 'stateFolder'>

export async function noteBegun(ports: Ports, begun: Begun): Promise<void> {
  const folder = notesFolder(ports)
  if (folder !== null) await putFile(folder, fileName(begun), JSON.stringify(begun))
}

export async function forgetBegun(ports: Ports, meant: Meant): Promise<void> {
  const folder = notesFolder(ports)
  if (folder !== null) await rm(join(folder, fileName(meant)), { force: true }).catch(() => {})
}

/** Null: Varve has begun none of that name. */
export async function readBegun(ports: Ports, meant: Meant): Promise<Begun | null> {
  const folder = notesFolder(ports)
  if (folder === null) return null
  try {
    const begun = Begun.parse(JSON.parse(await shortText(join(folder, fileName(meant)))))
    return begun.machine === meant.machine && begun.name === meant.name ? begun : null
  } catch {
    return null
  }
}

/** The checkpoint that came of it; null: none has come. */
export function madeOf({ made, before, name }: Begun, { checkpoints }: HyperVMachine): string | null {
  const found = checkpoints.all.find((one) =>
    made === null ? one.name === name && !before.includes(one.id) : one.id === made,
  )
  return found?.id ?? null
}

function fileName({ machine, name }: Meant): string {
  const key = createHash('sha256')
    .update(JSON.stringify([machine, name]))
    .digest('hex')
  return `${key.slice(0, 32)}.checkpoint`
}
