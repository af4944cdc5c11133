import { formatGuid } from '../../binary/uuid.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { readVdiMetadata } from './metadata.ts'
import { openVdi } from './reader.ts'
import { checkVdi } from './check.ts'
import { repointVdi } from './repoint.ts'

/** VDI: dynamic, fixed and differencing disks of VirtualBox. */
export const vdiDriver: FormatDriver = {
  format: 'vdi',
  recognises: (ends) => isRecognisedAs('vdi', ends),
  inspect: (file, ports) =>
    factsOrProblem('vdi', async () => {
      const { header, type, identity, content, parent } = await readVdiMetadata(file, ports)
      return {
        subformat: type,
        virtualSize: header.diskSize,
        clusterSize: header.blockSize,
        identity,
        content,
        parent,
        details: {
          version: `${header.version >>> 16}.${header.version & 0xffff}`,
          fileInfo: header.fileInfo.trim(),
          comment: header.comment.trim(),
          allocatedBlocks: header.allocatedCount,
          uuidModify: formatGuid(header.uuidModify),
        },
      }
    }),
  check: checkVdi,
  repoint: repointVdi,
  async openLayer(file, ports) {
    return {
      disk: openVdi(file, await readVdiMetadata(file, ports)),
      parts: [],
      async [Symbol.asyncDispose]() {},
    }
  },
}
