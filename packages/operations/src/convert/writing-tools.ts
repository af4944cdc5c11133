import type { WritableFormat } from '@varve/core/formats/writable-formats'
import { rulesOf } from '@varve/core/formats/writable-formats'
import type { FormatName } from '@varve/core/image/format-rules'

export const writingTools = ['hyper-v', 'qemu-img', 'vboxmanage', 'vmware-vdiskmanager'] as const
export type WritingTool = (typeof writingTools)[number]

interface WritingToolRules {
  /** What people call it. */
  readonly label: string
  /** The program; null: cmdlets of Windows. */
  readonly program: string | null
  readonly reads: readonly FormatName[]
  /** The kinds that it writes; a format that has one kind only has none here. */
  readonly writes: { readonly [Format in WritableFormat]?: readonly string[] }
  /** It tells formats by the endings of names. */
  readonly isByEnding: boolean
  /** It finds the parents of an overlay as Varve does, and writes the disk of all of them. */
  readonly readsChains: boolean
  /** It keeps sectors of 4,096 bytes where the source has them. */
  readonly keepsSectors: boolean
  /** How a host gets it. */
  readonly get: string
}

const bothKinds = ['dynamic', 'fixed']
const vmdkKinds = [
  'monolithicSparse',
  'streamOptimized',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
]

/** What writes images instead of Varve, where somebody wishes that. */
export const writingToolRules: Readonly<Record<WritingTool, WritingToolRules>> = {
  'hyper-v': {
    label: 'Hyper-V',
    program: null,
    reads: ['vhd', 'vhdx'],
    writes: { vhd: bothKinds, vhdx: bothKinds },
    isByEnding: true,
    readsChains: true,
    keepsSectors: true,
    get: 'Turn Hyper-V on: Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All; the user is elevated, or in Hyper-V Administrators.',
  },
  'qemu-img': {
    label: 'qemu-img',
    program: 'qemu-img',
    reads: ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'parallels'],
    writes: {
      raw: [],
      qcow2: [],
      parallels: ['expanding'],
      vdi: bothKinds,
      vhd: bothKinds,
      vhdx: bothKinds,
      vmdk: vmdkKinds,
    },
    isByEnding: false,
    // A parent whose format is not written down would be guessed from what a guest wrote into it.
    readsChains: false,
    keepsSectors: false,
    get: 'Install qemu-img (qemu-utils; on Windows winget install SoftwareFreedomConservancy.QEMU).',
  },
  vboxmanage: {
    label: 'VBoxManage',
    program: 'VBoxManage',
    reads: ['raw', 'vdi', 'vmdk', 'vhd', 'parallels'],
    writes: { raw: [], vdi: bothKinds, vhd: bothKinds, vmdk: vmdkKinds },
    isByEnding: false,
    // It knows the parents that are in its registry only.
    readsChains: false,
    keepsSectors: false,
    get: 'Install VirtualBox.',
  },
  'vmware-vdiskmanager': {
    label: 'vmware-vdiskmanager',
    program: 'vmware-vdiskmanager',
    reads: ['vmdk'],
    writes: { vmdk: vmdkKinds },
    isByEnding: true,
    readsChains: true,
    keepsSectors: false,
    get: 'It comes with VMware Workstation and Fusion.',
  },
}

/** The kind that is written: the usual one where none was said; null: the format has one only. */
export function kindWritten(format: WritableFormat, subformat: string | null): string | null {
  return subformat ?? rulesOf(format).subformats[0] ?? null
}

/** Whether it writes that kind of that format. */
export function writesKind(
  tool: WritingTool,
  { format, subformat }: { readonly format: WritableFormat; readonly subformat: string | null },
): boolean {
  const kinds = writingToolRules[tool].writes[format]
  const kind = kindWritten(format, subformat)
  return kinds !== undefined && (kind === null || kinds.includes(kind))
}
