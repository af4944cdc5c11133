import { defineCommand } from '../grammar/command-definition.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { ImagesFormatOptions } from './images-format.ts'
import type { ImagesOptions } from './images.ts'

const imagesFormatCommand = defineCommand<Omit<ImagesFormatOptions, 'place' | 'format'>>({
  usage: 'format <place> [format]',
  does: 'say the format of HOST:NAME, or of all images in HOST:FOLDER/; auto: detect it again',
  grammar: (command) =>
    addControllerOption(command).option('--library <library>', 'the library, where the host has several'),
  async run({ args: [place = '', format = null], options, context }) {
    const { imagesFormat } = await import('./images-format.ts')
    return await imagesFormat({ ...options, place, format }, context)
  },
})

export const imagesCommand = defineCommand<Omit<ImagesOptions, 'search'>>({
  usage: 'images [search]',
  group: 'fleet',
  does: 'the images of the fleet',
  grammar: (command) =>
    addControllerOption(command)
      .option('--host <host>', 'only those on this host')
      .option('--limit <n>', 'at most this many, or all', 'all'),
  async run({ args: [search = ''], options, context }) {
    const { images } = await import('./images.ts')
    return await images({ ...options, search }, context)
  },
  commands: [imagesFormatCommand],
})
