import { z } from 'zod'
import { ZfsBytes, ZfsBytesOrNone, zfsRows } from './rows.ts'

const Row = z.object({
  name: z.string().min(1),
  type: z.enum(['filesystem', 'volume', 'snapshot']),
  used: ZfsBytes,
  referenced: ZfsBytes,
  available: ZfsBytesOrNone,
  volsize: ZfsBytesOrNone,
  volblocksize: ZfsBytesOrNone,
  refreservation: ZfsBytesOrNone,
  quota: ZfsBytesOrNone,
  userrefs: ZfsBytesOrNone,
  origin: z.string(),
  clones: z.string(),
  mountpoint: z.string(),
})
export type ZfsRow = z.infer<typeof Row>

/** Filesystems, volumes and snapshots of every pool. */
export const listDatasets = () =>
  zfsRows({ tool: 'zfs', args: ['list', '-t', 'filesystem,volume,snapshot'], row: Row })
