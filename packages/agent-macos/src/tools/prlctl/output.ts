import { DiskError } from '@varve/core/problems/disk-error'
import type { MacSnapshot } from '@varve/protocol/mac-machines'
import { z } from 'zod'

export type ParallelsSnapshot = MacSnapshot

/** A machine as `prlctl list -a -i -j` has it. */
export interface ParallelsMachine {
  /** Lower case, without braces. */
  readonly id: string
  readonly name: string
  /** Such as `stopped`, `running`, `paused`, `suspended`. */
  readonly state: string
  /** Absolute; null: not told. */
  readonly folder: string | null
  /** Absolute, in their order. */
  readonly images: readonly string[]
  readonly isEncrypted: boolean
}

const Machine = z.object({
  ID: z.string().min(1),
  Name: z.string().min(1),
  State: z.string().min(1),
  Home: z.string().optional(),
  Security: z.object({ Encrypted: z.string().optional() }).optional(),
  Hardware: z.record(z.string(), z.unknown()).optional(),
})
const Drive = z.object({ image: z.string().min(1) })

/** Values are mostly strings; the disks are the entries `hdd0`, `hdd1`… of its hardware. Throws `tool-failed` for anything else. */
export function parseParallelsMachines(text: string): readonly ParallelsMachine[] {
  if (text.trim() === '') return []
  return parsed(z.array(Machine), text).map(({ ID, Name, State, Home, Security, Hardware = {} }) => ({
    id: bare(ID),
    name: Name,
    state: State,
    folder: Home?.startsWith('/') === true ? Home.replace(/(?<=.)\/+$/u, '') : null,
    images: Object.entries(Hardware)
      .filter(([key]) => /^hdd\d+$/u.test(key))
      .toSorted(([one], [other]) => Number(one.slice(3)) - Number(other.slice(3)))
      .flatMap(([, drive]) => {
        const found = Drive.safeParse(drive)
        return found.success && found.data.image.startsWith('/') ? [found.data.image] : []
      }),
    isEncrypted: Security?.Encrypted === 'yes',
  }))
}

const Snapshot = z.object({
  name: z.string().default(''),
  date: z.string().optional(),
  current: z.boolean().default(false),
  parent: z.string().default(''),
})

/** An object by the ids of the snapshots; a machine without any prints nothing. */
export function parseParallelsSnapshots(text: string): readonly ParallelsSnapshot[] {
  if (text.trim() === '') return []
  return Object.entries(parsed(z.record(z.string(), Snapshot), text)).map(
    ([id, { name, date, current, parent }]) => ({
      id: bare(id),
      name,
      madeAt: date ?? null,
      parent: parent === '' ? null : bare(parent),
      isCurrent: current,
    }),
  )
}

const bare = (id: string) => id.replaceAll(/[{}]/gu, '').toLowerCase()

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown = null
  try {
    value = JSON.parse(text)
  } catch {
    throw notTold('it printed no JSON')
  }
  const found = schema.safeParse(value)
  if (!found.success) throw notTold('it printed another JSON than is known')
  return found.data
}

function notTold(reason: string): DiskError {
  return new DiskError('tool-failed', { file: 'prlctl', tool: 'prlctl', exitCode: 0, stderr: reason })
}
