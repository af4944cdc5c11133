import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Connecting {
  readonly device: string
  /** Absolute. */
  readonly image: string
  /** Null: the image itself is opened, as qcow2. */
  readonly socket: string | null
  readonly processFile: string
  readonly isReadOnly: boolean
}

/** `qemu-nbd --connect`: what it opens is named as what it is, so that no byte of a guest makes it another format. */
export function attachCommand({
  device,
  image,
  socket,
  processFile,
  isReadOnly,
}: Connecting): ToolCommand<null> {
  const opened =
    socket === null
      ? `driver=qcow2,file.driver=file,file.filename=${doubled(image)}`
      : `driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=${doubled(socket)}`
  return {
    tool: 'qemu-nbd',
    args: [
      '--connect',
      device,
      '--pid-file',
      processFile,
      ...(isReadOnly ? ['--read-only'] : ['--discard=unmap']),
      '--image-opts',
      opened,
    ],
    parse: () => null,
  }
}

/** `qemu-nbd --disconnect`; 1: nothing is connected. */
export function detachCommand(device: string): ToolCommand<null> {
  return { tool: 'qemu-nbd', args: ['--disconnect', device], expected: [0, 1], parse: () => null }
}

/** A comma is doubled (qemu-img(1), `--image-opts`). */
const doubled = (path: string) => path.replaceAll(',', ',,')
