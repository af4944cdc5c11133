import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { z } from 'zod'
import { lvmReport } from '../lvm/report.ts'

const Row = z.object({ lv_uuid: z.string() })

/** The UUID of the volume that has the name now; null: LVM tells none. */
export function volumeUuid(group: string, name: string): ToolCommand<string | null> {
  const report = lvmReport({ name: 'lvs', of: 'lv', row: Row })
  return {
    ...report,
    args: [...report.args, `${group}/${name}`],
    parse: (output) => report.parse(output)[0]?.lv_uuid ?? null,
  }
}
