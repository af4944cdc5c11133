import type { WritableFormat } from '@varve/core/formats/writable-formats'
import type { ToolCommand } from '../tool-command.ts'
import { cloneProgress, mediaOutput, type Medium } from './output.ts'

const tool = 'VBoxManage'

/** Words of its `--format`. */
const formats: { readonly [Format in WritableFormat]?: string } = {
  raw: 'RAW',
  vdi: 'VDI',
  vhd: 'VHD',
  vmdk: 'VMDK',
}

/** Words of its `--variant`. */
const variants: Readonly<Record<string, string>> = {
  dynamic: 'Standard',
  fixed: 'Fixed',
  monolithicSparse: 'Standard',
  streamOptimized: 'Stream',
  monolithicFlat: 'Fixed',
  twoGbMaxExtentSparse: 'Split2G',
  twoGbMaxExtentFlat: 'Fixed,Split2G',
}

export interface Cloning {
  /** Absolute, both. */
  readonly source: string
  readonly target: string
  readonly format: WritableFormat
  /** Null: the format has one only. */
  readonly kind: string | null
  readonly isRaw: boolean
}

/** `clonemedium`, or `convertfromraw` of what is no medium. */
export function cloneMedium({ source, target, format, kind, isRaw }: Cloning): ToolCommand<null> {
  const variant = kind === null ? undefined : variants[kind]
  const verb = isRaw ? ['convertfromraw'] : ['clonemedium', 'disk']
  return {
    tool,
    args: [
      ...verb,
      source,
      target,
      '--format',
      formats[format] ?? format.toUpperCase(),
      ...(variant === undefined ? [] : ['--variant', variant]),
    ],
    silence: { ms: 5 * 60_000, files: [target], io: true },
    isOneLine: true,
    progress: cloneProgress,
    parse: () => null,
  }
}

/** The media that the registry of this user has. */
export const listMedia: ToolCommand<readonly Medium[]> = {
  tool,
  args: ['list', 'hdds'],
  parse: mediaOutput,
}

/** Takes a medium out of the registry; its file stays. */
export function closeMedium(medium: string): ToolCommand<null> {
  return { tool, args: ['closemedium', 'disk', medium], parse: () => null }
}
