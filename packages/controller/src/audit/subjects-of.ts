const mostSubjects = 32
const mostLength = 300

/** What `id` and `name` are in the calls of a router. */
const idIs: Readonly<Record<string, string>> = {
  runs: 'run',
  migrations: 'run',
  images: 'image',
  trust: 'token',
}
/** Of calls whose router is of several things. */
const idOfCall: Readonly<Record<string, string>> = {
  endSession: 'session',
  revokeKey: 'key',
}
const nameIs: Readonly<Record<string, string>> = { fleet: 'host', trust: 'host', people: 'person' }
const nameOfCall: Readonly<Record<string, string>> = { certify: 'tool' }

/** What a call is about, by the names of its fields. */
export function subjectsOf(what: string, input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return []
  const [router = '', call = ''] = what.split('.')
  const field = (name: string): string | null => {
    const value: unknown = (input as Readonly<Record<string, unknown>>)[name]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const named = (kind: string | undefined, value: string | null) =>
    kind === undefined || value === null ? [] : [`${kind}:${value}`]
  const place = (host: string | null, library: string | null) => [
    ...named('host', host),
    ...(host === null || library === null ? [] : [`library:${host}/${library}`]),
  ]
  return boundSubjects([
    ...named(idIs[router] ?? idOfCall[call], field('id')),
    ...named(nameOfCall[call] ?? nameIs[router], field('name')),
    ...named('image', field('image')),
    ...place(field('host'), field('library')),
    ...place(field('targetHost'), field('targetLibrary')),
    ...named('file', router === 'uploads' ? field('name') : null),
  ])
}

/** No more than a line may hold, each once. */
export function boundSubjects(subjects: readonly string[]): string[] {
  const all = [...new Set(subjects.map((one) => one.replaceAll(/[\r\n]/gu, ' ').slice(0, mostLength)))]
  return all.length > mostSubjects ? [...all.slice(0, mostSubjects - 1), `… ${all.length} in all`] : all
}
