import {
  stderrText,
  stdoutText,
  type ToolCommand,
  type ToolLine,
  type ToolProgress,
} from '../tool-command.ts'

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

/** What `vmware-vdiskmanager -e` found; null: nothing. */
export type ChainFault = { readonly code: string | null; readonly said: string } | null

/** `vmware-vdiskmanager -e`: whether a VMDK and its parents fit each other. */
export function checkChain(path: string): ToolCommand<ChainFault> {
  return {
    tool: 'vmware-vdiskmanager',
    args: ['-e', path],
    encoding: 'oem',
    expected: [0, 1, 255],
    silence: { ms: 60_000, files: [], io: true },
    parse: (output) => {
      const said = `${stdoutText(output)}\n${stderrText(output)}`
      // A failure is told by its number, whatever the language; its last line may say the contrary.
      const line = said.split(/\r?\n/u).find((one) => /\(0x[0-9a-f]+\)/iu.test(one))
      if (line === undefined && output.exitCode === 0) return null
      const code = /\((0x[0-9a-f]+)\)/iu.exec(line ?? '')?.[1] ?? null
      return { code, said: (line ?? said).trim().slice(0, 500) }
    },
  }
}

/** `  Convert: 12% done.`, in any language. */
export function convertProgress({ text }: ToolLine): ToolProgress | null {
  const percent = /:\s*(\d{1,3})\s?%/u.exec(text)?.[1]
  return percent === undefined ? null : { fraction: Math.min(Number(percent) / 100, 1) }
}
