import { isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { ImageFile } from '../../image/image-files.ts'
import type { ReadingChoices } from '../../image/reading-choices.ts'
import { timeMark, timeText } from './header.ts'
import { readVhdMetadata, type VhdMetadata } from './metadata.ts'
import { openVhd } from './reader.ts'
import { sizeFinding } from './size-finding.ts'
import { briefLook, countUnmarkedSectors, unmarkedSectorsFinding } from './unmarked-sectors.ts'
import { checkVhd } from './check.ts'
import { repairVhd } from './repair.ts'
import { repointVhd } from './repoint.ts'

/** VHD: fixed, dynamic and differencing disks of Virtual PC, Hyper-V, Azure and Xen. */
export const vhdDriver: FormatDriver = {
  format: 'vhd',
  recognises: (ends) => isRecognisedAs('vhd', ends),
  obeys: ['vhdBitmap', 'vhdSize'],
  inspect: (file, _ports, choices) => inspectVhd(file, choices),
  check: (file, _ports, options) => checkVhd(file, options),
  repair: repairVhd,
  repoint: repointVhd,
  async openLayer(file, _ports, choices) {
    const disk = openVhd(file, await readVhdMetadata(file, choices), choices)
    return { disk, parts: [], async [Symbol.asyncDispose]() {} }
  },
}

function inspectVhd(file: ImageFile, choices: ReadingChoices = {}): Promise<ImageFacts> {
  return factsOrProblem('vhd', async () => {
    const metadata = await readVhdMetadata(file, choices)
    const { footer, type, uuid, virtualSize, blocks, parent } = metadata
    return {
      subformat: type,
      virtualSize,
      clusterSize: blocks?.blockSize ?? null,
      identity: { kind: 'uuid', uuid },
      content: timeMark(footer.timeStamp),
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
      problems: [
        ...metadata.problems,
        await sizeFinding(file, metadata, choices),
        await unmarkedSectors(file, metadata, choices),
      ].filter((problem) => problem !== null),
    }
  })
}

/** A table that cannot be followed is said by whoever opens the disk. */
async function unmarkedSectors(
  file: ImageFile,
  metadata: VhdMetadata,
  choices: ReadingChoices,
): Promise<Problem | null> {
  try {
    return unmarkedSectorsFinding(file.path, await countUnmarkedSectors(file, metadata, briefLook), choices)
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return null
  }
}
