import type { FormatName } from '@varve/core/image/format-rules'
import { maxChainLength } from '@varve/core/chain/walk-chain'
import type { FormatChoices } from './format-choices.ts'
import type { HowToRead, Inspection } from './inspect-messages.ts'

export interface InspectToldPorts {
  readonly inspect: (path: string, how: HowToRead) => Promise<Inspection>
  readonly formats: Pick<FormatChoices, 'at'>
}

export interface ToldInspection {
  readonly inspection: Inspection
  /** The formats that were said of files which the image needs, by their paths. */
  readonly told: ReadonlyMap<string, FormatName>
}

/**
 * Looks at an image with the formats that were said of the files it needs. Which those are shows while it is looked at:
 * it is looked at again as long as more of them come up, which is once for most chains.
 */
export async function inspectTold(
  path: string,
  how: Omit<HowToRead, 'told'>,
  { inspect, formats }: InspectToldPorts,
): Promise<ToldInspection> {
  const told = new Map<string, FormatName>()
  for (let looks = 1; ; looks += 1) {
    const inspection = await inspect(path, told.size > 0 ? { ...how, told: new Map(told) } : how)
    const before = told.size
    for (const [file, format] of formatsSaid(inspection.asked, formats))
      if (file !== path) told.set(file, format)
    if (told.size === before || looks === maxChainLength) return { inspection, told }
  }
}

/** The formats that were said of files which the image needs; it is looked at only where any format was said at all. */
export async function toldParents(
  path: string,
  how: Omit<HowToRead, 'told'>,
  ports: InspectToldPorts & { readonly formats: Pick<FormatChoices, 'isEmpty'> },
): Promise<ToldInspection['told']> {
  return ports.formats.isEmpty ? new Map() : (await inspectTold(path, how, ports)).told
}

/** What was said of those of the names that are files. */
export function formatsSaid(
  names: readonly { readonly path: string; readonly kind: 'file' | 'folder' }[],
  formats: Pick<FormatChoices, 'at'>,
): [path: string, format: FormatName][] {
  return names.flatMap(({ path, kind }): [string, FormatName][] => {
    const format = kind === 'file' ? formats.at(path) : null
    return format === null ? [] : [[path, format]]
  })
}
