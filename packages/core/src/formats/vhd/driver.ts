import { isRecognisedAs } from '../detect-format.ts'
import { factsOrProblem } from '../facts-or-problem.ts'
import type { FormatDriver } from '../format-driver.ts'
import type { ImageFacts } from '../image-facts.ts'
import type { ImageFile } from '../image-files.ts'
import { timeText } from './header.ts'
import { readVhdMetadata } from './metadata.ts'
import { openVhd } from './reader.ts'
import { checkVhd } from './check.ts'
import { repairVhd } from './repair.ts'

/** VHD: fixed, dynamic and differencing disks of Virtual PC, Hyper-V, Azure and Xen. */
export const vhdDriver: FormatDriver = {
  format: 'vhd',
  recognises: (ends) => isRecognisedAs('vhd', ends),
  inspect: inspectVhd,
  check: (file, _ports, options) => checkVhd(file, options),
  repair: repairVhd,
  async openLayer(file) {
    const disk = openVhd(file, await readVhdMetadata(file))
    return { disk, parts: [], async [Symbol.asyncDispose]() {} }
  },
}

function inspectVhd(file: ImageFile): Promise<ImageFacts> {
  return factsOrProblem('vhd', async () => {
    const { footer, type, uuid, virtualSize, blocks, parent, problems } = await readVhdMetadata(file)
    return {
      subformat: type,
      virtualSize,
      clusterSize: blocks?.blockSize ?? null,
      identity: { kind: 'uuid', uuid },
      parent,
      details: {
        creatorApplication: footer.creatorApplication.trim(),
        creatorVersion: `${footer.creatorVersion >>> 16}.${footer.creatorVersion & 0xffff}`,
        creatorHostOs: footer.creatorHostOs,
        timeStamp: timeText(footer.timeStamp),
        originalSize: footer.originalSize,
        currentSize: footer.currentSize,
        geometry: `${footer.cylinders}/${footer.heads}/${footer.sectorsPerTrack}`,
        savedState: footer.savedState !== 0,
        parentTimeStamp: parent === null || blocks === null ? null : timeText(blocks.header.parentTimeStamp),
      },
      problems,
    }
  })
}
