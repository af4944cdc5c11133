import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { toAttachedView } from '../../operations/attached-view.ts'
import { nativeAdapter } from '../native.ts'

/** What was noted, beside what the kernel has; on other systems than Linux nothing is attached. */
export const listAttached = nativeAdapter('list-attached', {
  calls: 'read(2) of the notes, of /sys/block and of /proc/self/mountinfo',

  async run(_input, { ports }) {
    // Agents tell of their libraries only.
    const all = await attachedNow(registryIn(ports.runtimeFolder))
    const { roots } = ports
    const seen =
      roots === null ? all : all.filter(({ note }) => roots.some((root) => note.image.startsWith(`${root}/`)))
    return { attached: seen.map(toAttachedView) }
  },
})
