import { checkFile } from '@varve/engine/images/check-file'
import { imageInput } from '../image-input.ts'
import { nativeAdapter } from '../native.ts'

/** Walks all tables of an image and tells all that it finds. */
export const examineImage = nativeAdapter('examine-image', {
  calls: 'open(2) and pread(2) of the image and its parents',

  async run({ image, inUse }, { ports, signal }) {
    const { path, roots, format, choices } = imageInput(image, ports)
    const { report } = await checkFile(path, {
      roots,
      format,
      choices: { ...choices, rescue: false },
      signal,
      inUse,
    })
    const { findings, checked, ...rest } = report
    return { report: { ...rest, checked: [...checked], findings: [...findings] } }
  },
})
