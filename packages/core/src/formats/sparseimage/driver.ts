import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { checkSparseimage } from './check.ts'
import { readSparseImage } from './header.ts'
import { openSparseImage } from './reader.ts'

/** Sparse images (UDSP) of macOS whose table of bands fits the first header. */
export const sparseimageDriver: FormatDriver = {
  format: 'sparseimage',
  recognises: (ends) => isRecognisedAs('sparseimage', ends),
  inspect: (file) =>
    factsOrProblem('sparseimage', async () => {
      const { virtualSize, bandSize, places } = await readSparseImage(file)
      return {
        subformat: 'UDSP',
        virtualSize,
        clusterSize: bandSize,
        details: { bands: places.length, presentBands: places.filter((at) => at >= 0).length },
      }
    }),
  check: checkSparseimage,
  async openLayer(file) {
    return {
      disk: openSparseImage(file, await readSparseImage(file)),
      parts: [],
      async [Symbol.asyncDispose]() {},
    }
  },
}
