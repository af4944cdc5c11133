/** Every container format that Varve knows by name; the table of rules follows (see DOMAIN.md section 2). */
export const formatNames = [
  'raw',
  'qcow2',
  'vmdk',
  'vhd',
  'vhdx',
  'vdi',
  'parallels',
  'udif',
  'sparseimage',
  'sparsebundle',
  'asif',
  'qcow',
  'qed',
  'cloop',
  'bochs',
  'ewf',
  'ova',
] as const
export type FormatName = (typeof formatNames)[number]
