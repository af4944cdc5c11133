/** The request with each member that `paths` names (`backing`, `image.path`; lists too) replaced by what `map` makes of it. */
export async function mapPaths(
  request: unknown,
  paths: readonly string[],
  map: (path: string) => Promise<string>,
): Promise<unknown> {
  let mapped = request
  for (const path of paths) mapped = await mapAt(mapped, path.split('.'), map)
  return mapped
}

async function mapAt(
  value: unknown,
  [key, ...rest]: readonly string[],
  map: (path: string) => Promise<string>,
): Promise<unknown> {
  if (key === undefined) {
    if (Array.isArray(value)) return Promise.all(value.map(async (item: unknown) => mapAt(item, [], map)))
    return typeof value === 'string' ? map(value) : value
  }
  if (Array.isArray(value))
    return Promise.all(value.map(async (item: unknown) => mapAt(item, [key, ...rest], map)))
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value
  const record = value as Readonly<Record<string, unknown>>
  return { ...record, [key]: await mapAt(record[key], rest, map) }
}
