import { nativeAdapter } from '@varve/agent/actions/native'
import {
  findAttachment,
  isTakenByOthers,
  processFileOf,
  registryIn,
  reserveDevice as reserve,
  socketOf,
  type Registry,
} from '@varve/engine/attached/registry'
import { DiskError } from '@varve/core/problems/disk-error'
import { assertFileInLibraries, isInLibraries, notOfLibraries } from '../in-libraries.ts'

/** The same attachment gets the same device again. */
export const reserveDevice = nativeAdapter('reserve-device', {
  calls: 'link(2) of a lock, read(2) of /sys/block, rename(2) of the note',

  async run({ attachment: id, ...wanted }, { ports }) {
    await assertFileInLibraries(wanted.image, ports)
    // Mappings are known by the id that their names begin with: one must not be the beginning of another.
    if (ports.roots !== null && !/^\w+$/u.test(id))
      throw new DiskError('invalid-request', { file: wanted.image, reason: 'an attachment has a plain id' })
    const registry = registryIn(ports.runtimeFolder)
    // A note of that name may be somebody else's.
    if (
      (await findAttachment(registry, id)) !== null &&
      !(await isInLibraries({ attachment: id, image: wanted.image }, { ports }))
    )
      throw notOfLibraries(wanted.image)
    const { device } = await reserve(registry, { id, ...wanted })
    return outcomeOf(registry, id, device)
  },

  /** What somebody else has taken since is not chosen any more. */
  async isDone({ attachment: id, image }, { ports }) {
    const registry = registryIn(ports.runtimeFolder)
    const note = await findAttachment(registry, id)
    if (note === null || note.image !== image || isTakenByOthers(note, registry)) return null
    return outcomeOf(registry, id, note.device)
  },
})

function outcomeOf({ folder }: Registry, id: string, device: string) {
  return { attachment: id, device, socket: socketOf(folder, id), processFile: processFileOf(folder, id) }
}
