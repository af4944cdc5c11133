import { unknownPlace } from '@varve/core/image/unknown-place'
import { checkRaw } from '@varve/core/formats/raw/check'
import type { CheckReport } from '@varve/core/image/check-report'
import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import type { ImageReport } from '@varve/core/image/image-report'
import { inspectImage, type InspectOptions } from '@varve/core/layers/inspect-image'
import { DiskError } from '@varve/core/problems/disk-error'
import { nodeCodecs } from '../codecs/node-codecs.ts'
import type { NbdInput } from '../run/nbd-input.ts'
import { inputName, openInput } from '../run/open-input.ts'

/** What an export holds, layer by layer. It is a disk and never taken for an image, whatever its guest has written at its start. */
export async function inspectExport(
  input: NbdInput,
  { signal, map }: Pick<InspectOptions, 'signal' | 'map'> = {},
): Promise<ImageReport> {
  await using opened = await openInput(input, { io: 'async', ...(signal && { signal }) })
  const file = fileOf(opened.disk, inputName(input))
  const options = { format: 'raw' as const, ...(signal && { signal }), ...(map !== undefined && { map }) }
  const report = await inspectImage(file.path, portsOf(file), options)
  // That it is a disk is what its server says.
  return { ...report, problems: report.problems.filter(({ id }) => id !== 'raw-unrecognised') }
}

/** What a check of an export says: it has no tables. */
export async function checkExport(input: NbdInput, signal: AbortSignal): Promise<CheckReport> {
  await using opened = await openInput(input, { io: 'async', signal })
  return await checkRaw(fileOf(opened.disk, inputName(input)))
}

function fileOf(disk: Awaited<ReturnType<typeof openInput>>['disk'], path: string): ImageFile {
  const { virtualSize: size } = disk
  return {
    path,
    source: {
      name: path,
      size,
      readInto: (target, at) => disk.readInto(target, at),
      extents: (range) => disk.extents(range),
    },
    allocated: null,
    fingerprint: { size, modifiedMs: 0, changedMs: 0, inode: path },
    async [Symbol.asyncDispose]() {},
  }
}

/** Ports that reach nothing but the export. */
function portsOf(file: ImageFile): ImagePorts {
  return {
    files: {
      open: async () => file,
      resolve(from, reference) {
        throw new DiskError('reference-refused', {
          file: from,
          reference,
          reason: 'an export has no files beside it',
        })
      },
      list: async () => [],
      place: async () => ({ ...unknownPlace, filesystem: 'NBD export' }),
    },
    codecs: nodeCodecs,
  }
}
