import type { ToolCommand } from '@varve/agent/tools/tool-command'

/**
 * `nbd-client` at a Unix socket. Without netlink a process of it stays as long as the device is connected: sysfs names it, and
 * its command line tells whose it is.
 */
export function attachCommand({
  device,
  socket,
  isReadOnly,
  sectorSize,
}: {
  readonly device: string
  readonly socket: string
  readonly isReadOnly: boolean
  readonly sectorSize?: number | undefined
}): ToolCommand<null> {
  return {
    tool: 'nbd-client',
    args: [
      '-unix',
      socket,
      device,
      '-nonetlink',
      ...(sectorSize === undefined ? [] : ['-block-size', String(sectorSize)]),
      ...(isReadOnly ? ['-readonly'] : []),
    ],
    parse: () => null,
  }
}

/** `nbd-client -d`; 1: nothing is connected. */
export function detachCommand(device: string): ToolCommand<null> {
  return { tool: 'nbd-client', args: ['-d', device], expected: [0, 1], parse: () => null }
}
