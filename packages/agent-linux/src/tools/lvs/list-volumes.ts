import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { LvmBytes, lvmReport, LvmPercent } from '../lvm/report.ts'

/** One segment of a volume, as `lvs` tells it. What is a part of another volume has its name in brackets. */
const Row = z.object({
  vg_uuid: z.string(),
  lv_name: z.string(),
  lv_uuid: z.string(),
  segtype: z.string(),
  lv_size: LvmBytes,
  pool_lv: z.string(),
  origin: z.string(),
  data_percent: LvmPercent,
  metadata_percent: LvmPercent,
  lv_metadata_size: z.union([LvmBytes, z.literal('')]),
  chunk_size: LvmBytes,
  zero: z.enum(['', 'zero', 'unknown']),
  lv_path: z.string(),
  lv_active: z.string(),
  lv_device_open: z.string(),
  lv_permissions: z.string(),
  lv_health_status: z.string(),
})
export type LvsRow = z.infer<typeof Row>

/** Every volume of every group; a volume of several segments once, as its first one has it. */
export function listVolumes(): ToolCommand<readonly LvsRow[]> {
  const report = lvmReport({ name: 'lvs', of: 'lv', row: Row, all: true })
  return {
    ...report,
    parse: (output) => {
      const known = new Set<string>()
      return report.parse(output).filter(({ lv_uuid: uuid }) => !known.has(uuid) && known.add(uuid))
    },
  }
}
