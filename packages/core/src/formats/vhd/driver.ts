import { isDiskError } from '../../problems/disk-error.ts'
import { problemFromError } from '../../problems/problem.ts'
import { isRecognisedAs } from '../detect-format.ts'
import type { FormatDriver } from '../format-driver.ts'
import type { ImageFacts } from '../image-facts.ts'
import type { ImageFile } from '../image-files.ts'
import { timeText } from './header.ts'
import { readVhdMetadata } from './metadata.ts'
import { openVhd } from './reader.ts'

/** VHD: fixed, dynamic and differencing disks of Virtual PC, Hyper-V, Azure and Xen. */
export const vhdDriver: FormatDriver = {
  format: 'vhd',
  recognises: (ends) => isRecognisedAs('vhd', ends),
  inspect: inspectVhd,
  async openLayer(file) {
    const disk = openVhd(file, await readVhdMetadata(file))
    return { disk, parts: [], async [Symbol.asyncDispose]() {} }
  },
}

async function inspectVhd(file: ImageFile): Promise<ImageFacts> {
  try {
    const { footer, type, uuid, virtualSize, blocks, parent, problems } = await readVhdMetadata(file)
    return {
      format: 'vhd',
      subformat: type,
      virtualSize,
      clusterSize: blocks?.blockSize ?? null,
      identity: { kind: 'uuid', uuid },
      parent,
      parts: [],
      snapshots: [],
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
  } catch (error) {
    if (!isDiskError(error) || isDiskError(error, 'input-output')) throw error
    return { ...unknown, problems: [problemFromError(error)] }
  }
}

const unknown: Omit<ImageFacts, 'problems'> = {
  format: 'vhd',
  subformat: null,
  virtualSize: null,
  clusterSize: null,
  identity: { kind: 'none' },
  parent: null,
  parts: [],
  snapshots: [],
  details: {},
}
