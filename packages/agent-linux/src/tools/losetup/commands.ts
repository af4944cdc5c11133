import type { ToolCommand } from '@varve/agent/tools/tool-command'

/** `losetup` with a device that was chosen: the file is absolute, and no option. */
export function attachCommand({
  device,
  image,
  isReadOnly,
  sectorSize,
}: {
  readonly device: string
  readonly image: string
  readonly isReadOnly: boolean
  readonly sectorSize?: number | undefined
}): ToolCommand<null> {
  return {
    tool: 'losetup',
    args: [
      ...(isReadOnly ? ['--read-only'] : []),
      ...(sectorSize === undefined ? [] : ['--sector-size', String(sectorSize)]),
      '--partscan',
      device,
      image,
    ],
    parse: () => null,
  }
}

/** `losetup --detach`; 1: nothing is behind the device. */
export function detachCommand(device: string): ToolCommand<null> {
  return { tool: 'losetup', args: ['--detach', device], expected: [0, 1], parse: () => null }
}
