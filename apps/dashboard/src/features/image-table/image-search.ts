import { formatNames } from '@varve/core/image/format-rules'
import type { ImageQuery, ImageSort } from '@varve/protocol/images'

type Format = NonNullable<ImageQuery['format']>

/** The whole state of the image list as it stands in the URL; what is not set has its default. */
export interface ImageSearch {
  readonly q?: string
  readonly host?: string
  readonly library?: string
  readonly format?: Format
  readonly findings?: 'any' | 'warn' | 'block'
  readonly problem?: string
  readonly sort?: ImageSort
  readonly direction?: 'desc'
  /** Images whose migrate dialog is open, one after the other. */
  readonly migrate?: readonly string[]
  /** The operation whose dialog is open, and the images that it is for. */
  readonly do?: string
  readonly images?: readonly string[]
}

export const formats: readonly Format[] = formatNames

const sorts = [
  'name',
  'host',
  'format',
  'virtualSize',
  'allocated',
  'reclaimable',
  'findings',
  'modifiedAt',
  'provenAt',
] as const satisfies readonly ImageSort[]

const severities = ['any', 'warn', 'block'] as const
const hostName = /^[a-z0-9][a-z0-9-]{0,62}$/u

/** Takes from a URL what the list understands and drops the rest. */
export function toImageSearch(search: Record<string, unknown>): ImageSearch {
  const q = text(search['q'], 200)
  const host = text(search['host'], 63)
  const library = text(search['library'], 100)
  const format = oneOf(formats, search['format'])
  const findings = oneOf(severities, search['findings'])
  const problem = text(search['problem'], 100)
  const sort = oneOf(sorts, search['sort'])
  const migrate = ids(search['migrate'])
  const operation = oneOperation(search['do'])
  const images = operation === undefined ? [] : ids(search['images'])
  return {
    ...(q === undefined ? {} : { q }),
    ...(host === undefined || !hostName.test(host) ? {} : { host }),
    ...(library === undefined ? {} : { library }),
    ...(format === undefined ? {} : { format }),
    ...(findings === undefined ? {} : { findings }),
    ...(problem === undefined ? {} : { problem }),
    ...(sort === undefined || sort === 'name' ? {} : { sort }),
    ...(search['direction'] === 'desc' ? { direction: 'desc' } : {}),
    ...(migrate.length === 0 ? {} : { migrate }),
    ...(operation === undefined || images.length === 0 ? {} : { do: operation, images }),
  }
}

/** The controller's query for the rows from `offset`. */
export function toImageQuery(search: ImageSearch, page: { offset: number; limit: number }): ImageQuery {
  return {
    search: search.q ?? '',
    host: search.host ?? null,
    library: search.library ?? null,
    format: search.format ?? null,
    findings: search.findings ?? null,
    problem: search.problem ?? null,
    sort: search.sort ?? 'name',
    direction: search.direction ?? 'asc',
    ...page,
  }
}

/** A narrowing of the list that a click removes. */
export interface Chip {
  readonly key: 'host' | 'library' | 'format' | 'findings' | 'problem'
  readonly label: string
}

const findingWords = { any: 'any findings', warn: 'warnings or worse', block: 'blocked' } as const

export function searchToChips(search: ImageSearch): readonly Chip[] {
  const chips: Chip[] = []
  if (search.host !== undefined) chips.push({ key: 'host', label: `on ${search.host}` })
  if (search.library !== undefined) chips.push({ key: 'library', label: `library ${search.library}` })
  if (search.format !== undefined) chips.push({ key: 'format', label: search.format })
  if (search.findings !== undefined) chips.push({ key: 'findings', label: findingWords[search.findings] })
  if (search.problem !== undefined) chips.push({ key: 'problem', label: `finding ${search.problem}` })
  return chips
}

function text(value: unknown, longest: number): string | undefined {
  const words = typeof value === 'number' ? String(value) : value
  return typeof words === 'string' && words !== '' ? words.slice(0, longest) : undefined
}

function oneOf<const T extends readonly string[]>(allowed: T, value: unknown): T[number] | undefined {
  return allowed.find((one) => one === value)
}

function oneOperation(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z-]{1,64}$/u.test(value) ? value : undefined
}

function ids(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  return value
    .filter((id): id is string => typeof id === 'string' && id.length <= 64 && id !== '')
    .slice(0, 100)
}
