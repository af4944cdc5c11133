import { writeExport as write } from '@varve/engine/disks/write-export'
import { diskInput, exportInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'
import { runOptions } from '../run-options.ts'

/** Writes the disk of an image over an NBD export. */
export const writeExport = nativeAdapter('write-export', {
  calls:
    'open(2) of the chain for reading, pread(2); NBD_CMD_WRITE, NBD_CMD_WRITE_ZEROES and NBD_CMD_FLUSH at the server',

  async run({ source, inUse, target }, context) {
    const input = diskInput(source, context.ports)
    const { digest, virtualSize, dataBytes, seconds } = await write(
      input,
      exportInput(target, context.ports),
      {
        ...runOptions(context),
        inUse,
      },
    )
    return { digest, virtualSize, dataBytes, seconds }
  },
})
