import { measureDisk } from '@varve/engine/disks/measure-disk'
import { diskInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** Goes through the tables of an image and predicts the size of a file of another format. */
export const measureImage = nativeAdapter('measure-image', {
  calls: 'open(2) of the chain for reading, pread(2) of its tables',

  async run({ image, format, subformat, compression }, { ports, signal }) {
    const wanted = { format, compression, signal, ...(subformat !== null && { subformat }) }
    const { virtualSize, dataBytes, required } = await measureDisk(diskInput(image, ports), wanted)
    return { virtualSize, dataBytes, required }
  },
})
