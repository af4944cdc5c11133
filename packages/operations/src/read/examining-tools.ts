import type { FormatName } from '@varve/core/image/format-rules'
import type { WritingTool } from '../convert/writing-tools.ts'

export const examiningTools = [
  'hyper-v',
  'qemu-img',
  'vmware-vdiskmanager',
] as const satisfies readonly WritingTool[]
export type ExaminingTool = (typeof examiningTools)[number]

/** The formats that a tool knows how to check. */
export const examinedFormats: Readonly<Record<ExaminingTool, readonly FormatName[]>> = {
  'hyper-v': ['vhd', 'vhdx'],
  'qemu-img': ['qcow2', 'qed', 'vmdk', 'vdi', 'vhdx', 'parallels'],
  'vmware-vdiskmanager': ['vmdk'],
}
