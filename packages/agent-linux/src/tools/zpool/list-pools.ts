import { z } from 'zod'
import { ZfsBytes, zfsRows } from '../zfs/rows.ts'

const Row = z.object({
  name: z.string().min(1),
  size: ZfsBytes,
  allocated: ZfsBytes,
  free: ZfsBytes,
  readonly: z.enum(['on', 'off']),
  health: z.string().min(1),
})

/** The pools that are imported. */
export const listPools = () => zfsRows({ tool: 'zpool', args: ['list'], row: Row })
