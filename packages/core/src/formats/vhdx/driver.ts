import { formatGuid } from '../../binary/uuid.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import { readVhdxMetadata } from './metadata.ts'
import { openVhdx } from './reader.ts'
import { checkVhdx } from './check.ts'
import { repointVhdx } from './repoint.ts'

/** VHDX: fixed, dynamic and differencing disks of Hyper-V and WSL. */
export const vhdxDriver: FormatDriver = {
  format: 'vhdx',
  recognises: (ends) => isRecognisedAs('vhdx', ends),
  inspect: (file) =>
    factsOrProblem('vhdx', async () => {
      const { header, type, virtualSize, bat, creator, parent, problems, ...disk } =
        await readVhdxMetadata(file)
      return {
        subformat: type,
        virtualSize,
        clusterSize: bat.blockSize,
        // What a child's parent_linkage names; the disk ID stays the same along a chain.
        identity: { kind: 'uuid', uuid: formatGuid(header.dataWriteGuid) },
        parent,
        details: {
          creator,
          sequenceNumber: header.sequenceNumber,
          fileWriteGuid: formatGuid(header.fileWriteGuid),
          virtualDiskId: disk.virtualDiskId,
          logicalSectorSize: disk.logicalSectorSize,
          physicalSectorSize: disk.physicalSectorSize,
          logLength: header.logLength,
        },
        problems,
      }
    }),
  check: (file, _ports, options) => checkVhdx(file, options),
  repoint: repointVhdx,
  async openLayer(file) {
    const disk = openVhdx(file, await readVhdxMetadata(file))
    return { disk, parts: [], async [Symbol.asyncDispose]() {} }
  },
}
