import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { closeMedium, listMedia } from '../../tools/vboxmanage/commands.ts'
import type { ActionContext, AdapterOf } from '../adapter.ts'
import { isSameLocation } from '../../tools/vboxmanage/output.ts'
import { writtenPlace } from '../write-by-tool/build-command.ts'

/** `VBoxManage closemedium`, believed from the list of media. */
export const forgetMedia: AdapterOf<'forget-media'> = {
  tools: ['VBoxManage'],
  command({ image }) {
    const { tool, args } = closeMedium(writtenPlace(image).path)
    return { argv: [tool, ...args] }
  },

  async run({ image, media }, { ports, signal }) {
    const { path: hidden } = writtenPlace(image)
    const own = [...new Set([hidden, ...media])]
    const asked = { signal, file: image.target }
    if ((await ports.tools.find('VBoxManage')) === null) return { forgotten: [] }
    const listed = await knownOf(own, { ports, signal }, image.target)
    for (const medium of own.filter((one) => one === hidden || listed.includes(one)))
      // One that it does not know, or that has come into use, is told by the list.
      await ports.tools.run(closeMedium(medium), asked).catch((error: unknown) => {
        if (!isDiskError(error, 'tool-failed')) throw error
      })
    const left = await knownOf(own, { ports, signal }, image.target)
    // The source may have come into use meanwhile; the hidden image is nobody's.
    if (left.includes(hidden))
      throw new DiskError('tool-failed', {
        file: image.target,
        tool: 'VBoxManage',
        exitCode: 0,
        stderr: `it still has ${hidden} among its media`,
      })
    return { forgotten: listed.filter((medium) => !left.includes(medium)) }
  },
}

/** Those of the images that VirtualBox has noted. */
async function knownOf(
  own: readonly string[],
  { ports, signal }: Pick<ActionContext, 'ports' | 'signal'>,
  file: string,
): Promise<string[]> {
  const media = await ports.tools.run(listMedia, { signal, file })
  return own.filter((one) => media.some(({ location }) => isSameLocation(location, one)))
}
