import { z } from 'zod'
import { LvmBytes, lvmReport } from '../lvm/report.ts'

const Row = z.object({
  vg_name: z.string(),
  vg_uuid: z.string(),
  vg_size: LvmBytes,
  vg_free: LvmBytes,
  vg_extent_size: LvmBytes,
  vg_missing_pv_count: LvmBytes,
})

/** Every volume group that the host sees; two may have one name. */
export const listGroups = () => lvmReport({ name: 'vgs', of: 'vg', row: Row })
