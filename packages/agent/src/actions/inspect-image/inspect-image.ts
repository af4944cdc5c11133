import { inspectFileInUse } from '@varve/engine/images/inspect-file'
import { toImageReportView } from '@varve/protocol/reports'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** Looks at an image, layer by layer. */
export const inspectImage = nativeAdapter('inspect-image', {
  calls: 'open(2) of the chain for reading, pread(2) of its tables and of known places of the guest',

  async run({ image }, { ports, signal }) {
    const { path, roots, format, choices } = imageInput(image, ports)
    return { report: toImageReportView(await inspectFileInUse(path, { roots, format, choices, signal })) }
  },
})
