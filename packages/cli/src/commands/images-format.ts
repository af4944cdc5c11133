import { formatNames } from '@varve/core/image/format-rules'
import { DiskError } from '@varve/core/problems/disk-error'
import type { FormatChoice } from '@varve/protocol/images'
import { UsageError, type CommandContext, type Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { table } from '../output/table.ts'

export interface ImagesFormatOptions {
  readonly controller?: string
  readonly library?: string
  /** `HOST`, `HOST:NAME`, or `HOST:FOLDER/`. */
  readonly place: string
  /** A format, `auto`, or nothing: what was said is shown. */
  readonly format: string | null
}

const columns = [
  { title: 'LIBRARY', cut: 'middle' },
  { title: 'IMAGE OR FOLDER', cut: 'middle' },
  { title: 'SAID TO BE' },
] as const

/** `varve images format`: says the format of an image or of a folder, takes it back, or shows what was said. */
export async function imagesFormat(options: ImagesFormatOptions, context: CommandContext): Outcome {
  await using fleet = openFleet(context, options.controller)
  const controller = options.controller ?? context.config.controller
  const [host = '', ...rest] = options.place.split(':')
  const name = rest.length === 0 ? null : rest.join(':')
  if (host === '' || name === '') throw new UsageError(`${JSON.stringify(options.place)} is not HOST:NAME.`)
  if (options.format === null) {
    const said = await ask(controller, () => fleet.api.images.formats.query({ host }))
    const shown = said.filter((choice) => name === null || choice.name === name.replace(/\/+$/u, ''))
    context.print(context.json ? JSON.stringify(shown, null, 2) : describe(shown, context))
    return exitCodes.ok
  }
  if (name === null) throw new UsageError('Say which image or folder: HOST:NAME, or HOST:FOLDER/.')
  const format = formatNames.find((known) => known === options.format) ?? null
  if (format === null && options.format !== 'auto')
    throw new UsageError(
      `There is no format ${JSON.stringify(options.format)}; one of: ${formatNames.join(', ')}, or auto.`,
    )
  const scope = name.endsWith('/') ? 'folder' : 'image'
  const library = options.library ?? (await libraryOf(fleet, controller, { host, name, scope }))
  const choice = { host, library, name: name.replace(/\/+$/u, ''), scope, format } as const
  await ask(controller, () => fleet.api.images.chooseFormat.mutate(choice))
  const what = scope === 'folder' ? `the images in ${options.place}` : options.place
  context.print(
    context.json
      ? JSON.stringify(choice)
      : `${format === null ? `The format of ${what} is detected again` : `Remembered: ${what}: ${format}`}.`,
  )
  return exitCodes.ok
}

function describe(choices: readonly FormatChoice[], context: CommandContext): string {
  if (choices.length === 0) return 'No format was told: all are detected.'
  const rows = choices.map(({ library, name, scope, format }) => [
    library,
    scope === 'folder' ? `${name}/` : name,
    format,
  ])
  return table(columns, rows, context.config)
}

interface Place {
  readonly host: string
  readonly name: string
  readonly scope: FormatChoice['scope']
}

/** The library that holds the image, or the only one of the host. */
async function libraryOf(fleet: Fleet, controller: string, { host, name, scope }: Place): Promise<string> {
  const { libraries } = await ask(controller, () => fleet.api.fleet.host.query({ name: host }))
  const [only, ...others] = libraries
  if (only && others.length === 0) return only.name
  const choose = `Say which library with --library: ${libraries.map((library) => library.name).join(', ')}.`
  if (scope === 'folder') throw new UsageError(choose)
  const page = await ask(controller, () => fleet.api.images.list.query({ host, name }))
  const [image, ...more] = page.rows
  if (!image) throw new DiskError('not-in-fleet', { file: `${host}:${name}`, kind: 'image' })
  if (more.length > 0) throw new UsageError(choose)
  return image.library
}
