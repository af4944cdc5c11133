import type { ToolCommand, ToolLine, ToolProgress } from '../tool-command.ts'

/** Numbers of its `-t`. */
const types: Readonly<Record<string, string>> = {
  monolithicSparse: '0',
  twoGbMaxExtentSparse: '1',
  monolithicFlat: '2',
  twoGbMaxExtentFlat: '3',
  streamOptimized: '5',
}

/** `vmware-vdiskmanager -r`: the disk of a VMDK, with its parents, as a new VMDK. */
export function convertVmdk({
  source,
  target,
  kind,
}: {
  /** Absolute, both. */
  readonly source: string
  readonly target: string
  readonly kind: string
}): ToolCommand<null> {
  const type = types[kind]
  if (type === undefined) throw new RangeError(`vmware-vdiskmanager has no kind ${kind}`)
  return {
    tool: 'vmware-vdiskmanager',
    args: ['-r', source, '-t', type, target],
    encoding: 'oem',
    silence: { ms: 5 * 60_000, files: [target], io: true },
    progress: convertProgress,
    parse: () => null,
  }
}

/** `  Convert: 12% done.`, in any language. */
export function convertProgress({ text }: ToolLine): ToolProgress | null {
  const percent = /:\s*(\d{1,3})\s?%/u.exec(text)?.[1]
  return percent === undefined ? null : { fraction: Math.min(Number(percent) / 100, 1) }
}
