import type { CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile } from '../../image/image-files.ts'
import { headerBlock, readSparseImage } from './header.ts'

/** Whether each band of the table is there, inside the file and named once, and what of the file no band uses. */
export async function checkSparseimage(file: ImageFile): Promise<CheckReport> {
  const { source, path } = file
  return await guardedCheck({ file: path, format: 'sparseimage' }, async (findings) => {
    const { virtualSize, bandSize, places } = await readSparseImage(file)
    let used = headerBlock
    let allocatedBytes = 0
    places.forEach((at, band) => {
      if (at < 0) return
      const length = Math.min(bandSize, virtualSize - band * bandSize)
      allocatedBytes += length
      used += Math.min(bandSize, source.size - at)
    })
    const leakedBytes = Math.max(0, source.size - used)
    if (leakedBytes > 0) {
      findings.add('leak', {
        id: 'sparseimage-unused',
        message: `${leakedBytes} bytes of the file belong to no band.`,
        remedy: 'Room is lost, no data: converting the disk to a new image gives it back.',
      })
    }
    return { checked: ['header', 'table of bands'], allocatedBytes, leakedBytes }
  })
}
