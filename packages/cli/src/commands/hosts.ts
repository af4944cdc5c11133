import { formatBytes } from '@varve/core/units/format-bytes'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import type { HostView } from '@varve/protocol/hosts'
import { ask, openFleet, type Fleet } from '../fleet.ts'
import { table } from '../output/table.ts'

const columns = [
  { title: 'HOST', cut: 'middle' },
  { title: 'STATE' },
  { title: 'SYSTEM', cut: 'end' },
  { title: 'IMAGES', align: 'right' },
  { title: 'FREE', align: 'right' },
  { title: 'LIBRARIES', cut: 'end' },
] as const

/** `varve hosts`, and `varve hosts --forget HOST`. */
export async function hosts(
  options: { controller?: string; forget?: string },
  context: CommandContext,
): Outcome {
  await using fleet = openFleet(context, options.controller)
  const { forget } = options
  if (forget !== undefined) {
    await ask(options.controller ?? context.config.controller, () =>
      fleet.api.fleet.forget.mutate({ name: forget }),
    )
    context.print(
      context.json
        ? JSON.stringify({ forgotten: forget })
        : `${forget} is forgotten; its files were not touched.`,
    )
    return exitCodes.ok
  }
  const found = await ask(options.controller ?? context.config.controller, () => allHosts(fleet, context))
  if (context.json) {
    context.print(JSON.stringify(found, null, 2))
    return exitCodes.ok
  }
  if (found.length === 0) {
    context.print('No host has joined this controller yet.')
    return exitCodes.ok
  }
  const rows = found.map((host) => {
    const libraries = host.libraries
      .map((library) => `${library.name} (${library.place.filesystem ?? '?'})`)
      .join(', ')
    return [host.name, host.state, host.os.name, String(host.images), free(host), libraries]
  })
  context.print(table(columns, rows, context.config))
  return exitCodes.ok
}

/** Free bytes under its libraries; a filesystem that holds several counts once. */
function free({ libraries }: HostView): string {
  const known = libraries.flatMap(({ path, place }) =>
    place.free === null ? [] : [[place.mountPoint ?? path, place.free] as const],
  )
  if (known.length === 0) return '?'
  return formatBytes([...new Map(known).values()].reduce((sum, bytes) => sum + bytes, 0))
}

const pageSize = 500

/** Every host, by name, a page at a time. */
async function allHosts(fleet: Fleet, { signal }: CommandContext): Promise<HostView[]> {
  const found = new Map<string, HostView>()
  for (let offset = 0; ; offset += pageSize) {
    const page = await fleet.api.fleet.hosts.query({ offset, limit: pageSize }, { signal })
    for (const host of page.rows) found.set(host.name, host)
    if (offset + pageSize >= page.total) return [...found.values()]
  }
}
