import { z } from 'zod'
import { LvmBytes, lvmReport } from '../lvm/report.ts'

const Row = z.object({ pv_name: z.string(), vg_uuid: z.string(), pv_size: LvmBytes, pv_free: LvmBytes })

/** The devices that volume groups are made of. */
export const listDevices = () => lvmReport({ name: 'pvs', of: 'pv', row: Row })
