/** What one change adds to the changelog. */
export interface Fragment {
  /** A heading of the changelog, such as `Operations`. */
  readonly section: string
  readonly items: readonly string[]
}

/** Reads a fragment: one heading of third level, then list items; throws an `Error` that says what is wrong with `name`. */
export function parseFragment(name: string, text: string): Fragment {
  const [heading = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '')
  const section = /^### (\S.*)$/u.exec(heading)?.[1]
  if (section === undefined) throw new Error(`${name} begins with the section that it is for: ### Operations`)
  const wrong = lines.find((line) => !/^(?:- |  )\S/u.test(line))
  if (lines.length === 0 || wrong !== undefined || !lines[0]?.startsWith('- '))
    throw new Error(`${name} is a list of what changed, not ${JSON.stringify(wrong ?? '')}`)
  return { section, items: lines }
}

/** The changelog with each fragment at the end of its section, below the topmost version; throws for a section that is not there. */
export function mergeFragments(changelog: string, fragments: readonly Fragment[]): string {
  const lines = changelog.trimEnd().split('\n')
  for (const { section, items } of fragments) {
    const start = lines.indexOf(`### ${section}`)
    const endOfVersion = lines.findIndex(
      (line, at) => line.startsWith('## ') && at > lines.indexOf('## Unreleased'),
    )
    if (start < 0 || (endOfVersion >= 0 && start > endOfVersion))
      throw new Error(`the changelog has no section ${JSON.stringify(section)} below "Unreleased"`)
    const next = lines.findIndex((line, at) => at > start && line.startsWith('##'))
    let end = next < 0 ? lines.length : next
    while (lines[end - 1]?.trim() === '') end -= 1
    lines.splice(end, 0, ...items)
  }
  return `${lines.join('\n')}\n`
}
