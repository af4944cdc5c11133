import type { CodeSplittingGroup, OutputChunk } from 'rolldown'
import type { StartGroup } from './programs.ts'

/**
 * Puts what a short run loads into few files, in the order in which it loads them: a module lies in the first group that
 * reaches it. Each file costs about a millisecond in each thread; cut where commands share code, as is usual, there would
 * be sixty of them.
 * `chunks`: the program cut as usual.
 */
export function startGroups(
  chunks: readonly OutputChunk[],
  groups: readonly StartGroup[],
): CodeSplittingGroup[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const reached = (modules: readonly string[]) => {
    const found = new Set(modules.map((module) => chunkWith(chunks, module)))
    for (const { imports } of found)
      for (const name of imports) {
        const chunk = byName.get(name)
        if (chunk) found.add(chunk)
      }
    return found
  }
  // What is started by its name stays a file of its own.
  const taken = new Set(chunks.filter(({ isEntry }) => isEntry))
  return groups.map(({ name, modules, uses, shared }) => {
    const each = uses.map((module) => reached([module]))
    const common = chunks.filter((chunk) => each.filter((one) => one.has(chunk)).length >= shared)
    const group = reached(modules).union(new Set(common)).difference(taken)
    for (const chunk of group) taken.add(chunk)
    // What else these import is loaded with each of them, in threads too: it must not draw a later group after it.
    for (const one of each) for (const chunk of one) taken.add(chunk)
    return groupOf(name, group)
  })
}

function chunkWith(chunks: readonly OutputChunk[], module: string): OutputChunk {
  const found = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(`/${module}`)))
  if (found) return found
  throw new Error(`the bundle has no ${module}`)
}

function groupOf(name: string, chunks: ReadonlySet<OutputChunk>): CodeSplittingGroup {
  const modules = new Set([...chunks].flatMap(({ moduleIds }) => moduleIds))
  return { name, test: (id) => modules.has(id), includeDependenciesRecursively: false }
}
