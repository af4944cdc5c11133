import { z } from 'zod'
import { Path } from './primitives.ts'

/** A GUID as Hyper-V writes it. */
export const MachineId = z.guid()

export const MachineDrive = z.lazy(() =>
  z.object({
    /** The file that it writes to now. */
    path: Path,
    /** Such as `SCSI`. */
    controller: z.string(),
    number: z.number().int().min(0),
    location: z.number().int().min(0),
  }),
)

export const Checkpoint = z.lazy(() =>
  z.object({
    id: MachineId,
    name: z.string(),
    /** As Hyper-V has it, such as `Standard`; `Recovery` is a backup's. */
    type: z.string(),
    /** Made by Hyper-V itself when the machine was started. */
    isAutomatic: z.boolean(),
    /** The checkpoint that it was made over; null: it is the first. */
    parent: MachineId.nullable(),
    madeAt: z.string(),
    /** Files that hold the disks as they were. */
    files: z.array(Path),
  }),
)
export type Checkpoint = z.infer<typeof Checkpoint>

/** A virtual machine of Hyper-V. */
export const HyperVMachine = z.lazy(() =>
  z.object({
    id: MachineId,
    name: z.string(),
    generation: z.number().int().min(1).max(9),
    /** As Hyper-V has it, such as `Off`, `Running`, `Saved`. */
    state: z.string(),
    /** The node of its cluster that it is on; left out: this host has it. */
    node: z.string().min(1).optional(),
    /** How checkpoints of it are made: `Production`, `ProductionOnly`, `Standard` or `Disabled`; null: not told. */
    checkpoints: z.object({
      kind: z.string().nullable(),
      isAutomatic: z.boolean(),
      /** Files of a checkpoint that was removed are being merged. */
      isMerging: z.boolean(),
      /** The one that its disks stand on; null: none. */
      current: MachineId.nullable(),
      all: z.array(Checkpoint),
    }),
    drives: z.array(MachineDrive),
  }),
)
export type HyperVMachine = z.infer<typeof HyperVMachine>

/** Whether Hyper-V told its machines: without its module there are none, without the rights it shows an empty list. */
export const MachinesTold = z.enum(['told', 'no-module', 'no-rights'])
export type MachinesTold = z.infer<typeof MachinesTold>
