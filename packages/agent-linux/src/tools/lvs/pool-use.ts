import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { lvmReport, LvmPercent } from '../lvm/report.ts'

const Row = z.object({ data_percent: LvmPercent, metadata_percent: LvmPercent })

interface PoolUse {
  readonly data: number | null
  readonly metadata: number | null
}

/** How full a thin pool is, in parts of a hundred. */
export function poolUse(group: string, pool: string): ToolCommand<PoolUse> {
  const report = lvmReport({ name: 'lvs', of: 'lv', row: Row })
  return {
    ...report,
    args: [...report.args, `${group}/${pool}`],
    parse(output) {
      const [row] = report.parse(output)
      return { data: row?.data_percent ?? null, metadata: row?.metadata_percent ?? null }
    },
  }
}
