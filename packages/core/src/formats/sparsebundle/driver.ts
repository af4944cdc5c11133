import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { checkSparsebundle } from './check.ts'
import { openBands } from './bands.ts'
import { readSparsebundleMetadata } from './metadata.ts'
import { openSparsebundle } from './reader.ts'

/** Sparse bundles (UDSB) of macOS, by their `Info.plist`. */
export const sparsebundleDriver: FormatDriver = {
  format: 'sparsebundle',
  recognises: (ends) => isRecognisedAs('sparsebundle', ends),
  inspect: (file, ports) =>
    factsOrProblem('sparsebundle', async () => {
      const { virtualSize, bandSize, bandCount, backingStoreVersion, problems } =
        await readSparsebundleMetadata(file, ports)
      return {
        subformat: 'UDSB',
        virtualSize,
        clusterSize: bandSize,
        parts: ['bands/'],
        details: { bands: bandCount, backingStoreVersion },
        problems,
      }
    }),
  check: checkSparsebundle,
  async openLayer(file, ports) {
    const metadata = await readSparsebundleMetadata(file, ports)
    const bands = await openBands(file.path, metadata.bandCount, ports.files)
    return {
      disk: openSparsebundle(file.path, metadata, bands.files),
      parts: [...bands.files.values()],
      [Symbol.asyncDispose]: () => bands[Symbol.asyncDispose](),
    }
  },
}
