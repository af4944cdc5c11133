import { nativeAdapter } from '@varve/agent/actions/native'
import { forgetAttachment as forget, registryIn } from '@varve/engine/attached/registry'
import { isInLibraries } from '../in-libraries.ts'

export const forgetAttachment = nativeAdapter('forget-attachment', {
  calls: 'read(2) of /sys/block, unlink(2) of the note, of the socket and of the lock',

  async run({ attachment }, { ports }) {
    if (await isInLibraries({ attachment }, { ports }))
      await forget(registryIn(ports.runtimeFolder), attachment)
    return { attachment }
  },
})
