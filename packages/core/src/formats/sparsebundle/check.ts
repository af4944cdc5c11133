import type { CheckReport } from '../../image/check-report.ts'
import { guardedCheck } from '../../image/guarded-check.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import { bandName, bandsFolder, openBands } from './bands.ts'
import { readSparsebundleMetadata } from './metadata.ts'

/** Whether every band can be opened and is no longer than a band, and what lies in `bands/` that the disk has no place for. */
export async function checkSparsebundle(file: ImageFile, ports: ImagePorts): Promise<CheckReport> {
  const { path } = file
  return await guardedCheck({ file: path, format: 'sparsebundle' }, async (findings) => {
    const { bandSize, bandCount, problems } = await readSparsebundleMetadata(file, ports)
    for (const problem of problems) findings.adopt('corruption', problem)
    await using bands = await openBands(path, bandCount, ports.files)
    let allocatedBytes = 0
    let leakedBytes = 0
    const leak = (id: string, message: string, bytes: number) => {
      leakedBytes += bytes
      const remedy = 'Room is lost, no data of the disk: have hdiutil compact the bundle.'
      findings.add('leak', { id, message, remedy })
    }
    for (const [band, { source }] of bands.files) {
      allocatedBytes += Math.min(bandSize, source.size)
      const rest = source.size - bandSize
      if (rest > 0) leak('sparsebundle-long-band', `Band ${bandName(band)} has ${rest} bytes too many.`, rest)
    }
    for (const name of await ports.files.list(await bandsFolder(path, ports.files))) {
      const band = Number.parseInt(name, 16)
      if (bandName(band) !== name.toLowerCase()) {
        const message = `${JSON.stringify(name)} in the folder of bands is no band.`
        const remedy = 'Look what it is; the disk does not need it.'
        findings.add('remark', { id: 'sparsebundle-stray-file', message, remedy })
      } else if (band >= bandCount) {
        await using stray = await ports.files.open(`${await bandsFolder(path, ports.files)}/${name}`)
        leak('sparsebundle-band-beyond', `Band ${name} lies past the end of the disk.`, stray.source.size)
      }
    }
    return { checked: ['Info.plist', 'bands'], allocatedBytes, leakedBytes }
  })
}
