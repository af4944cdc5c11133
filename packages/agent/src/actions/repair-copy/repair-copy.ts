import { repairCheck } from '../../tools/qemu-img/commands.ts'
import { toolAdapter } from '../tool-adapter.ts'

/** `qemu-img check -r` on the copy. */
export const repairCopy = toolAdapter('repair-copy', {
  tool: 'qemu-img',
  build: ({ copy: path, format, what }) => repairCheck({ path, format, what }),
  paths: ({ copy }) => [copy],
  outcome: (found) => found,
})
