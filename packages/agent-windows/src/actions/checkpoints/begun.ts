import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { notesFolder } from '@varve/agent/platform/attached-notes'
import { MachineId, type HyperVMachine } from '@varve/protocol/machines'
import { StagingId } from '@varve/operations/actions/new-image'
import { z } from 'zod'
import { putFile, shortText } from '../../host/notes.ts'

/** That Varve has begun to make a checkpoint: others can have made one of the same name. */
const Begun = z.object({
  attempt: StagingId,
  machine: MachineId,
  name: z.string(),
  /** Those that were there before. */
  before: z.array(MachineId),
  /** Null: it is not known how it ended. */
  made: MachineId.nullable(),
})
export type Begun = z.infer<typeof Begun>

type Ports = Pick<ActionPorts, 'stateFolder'>

const ending = '.checkpoint'

export async function noteBegun(ports: Ports, begun: Begun): Promise<void> {
  const folder = notesFolder(ports)
  if (folder !== null) await putFile(folder, begun.attempt + ending, JSON.stringify(begun))
}

/** Forgets an attempt, and what others noted of the checkpoint that is gone. */
export async function forgetBegun(
  ports: Ports,
  { attempt, made }: { readonly attempt: string | null; readonly made: string | null },
): Promise<void> {
  const folder = notesFolder(ports)
  if (folder === null) return
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(ending)) continue
    const begun = await readIn(folder, name)
    const isMeant = begun !== null && (begun.attempt === attempt || (made !== null && begun.made === made))
    if (isMeant) await rm(join(folder, name), { force: true }).catch(() => {})
  }
}

/** Null: that attempt began nothing. */
export async function readBegun(ports: Ports, attempt: string | null): Promise<Begun | null> {
  const folder = notesFolder(ports)
  return folder === null || attempt === null ? null : await readIn(folder, attempt + ending)
}

async function readIn(folder: string, name: string): Promise<Begun | null> {
  try {
    const begun = Begun.parse(JSON.parse(await shortText(join(folder, name))))
    return begun.attempt + ending === name ? begun : null
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
