import { noteAttachment } from '@varve/engine/attached/registry'
import { deviceNow } from '@varve/engine/in-use/attached-device'
import { updateCommand } from '../../tools/partx/commands.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction, notThere } from '../kernel-action.ts'

/** With the partitions the attachment is complete. */
export const readPartitions = kernelAction('read-partitions', {
  tool: 'partx',
  build: ({ device }) => updateCommand(device),
  about: ({ device }) => device,
  isOfLibraries: isInLibraries,
  async after({ attachment, device }, { registry }) {
    const now = deviceNow(device, registry.roots)
    if (now === null) throw notThere('partx', device)
    await noteAttachment(registry, attachment, () => ({ isComplete: true }))
    const { size, isReadOnly, partitions } = now
    return { device, size, readOnly: isReadOnly, partitions: [...partitions] }
  },
})
