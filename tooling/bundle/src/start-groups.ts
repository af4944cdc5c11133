import type { CodeSplittingGroup, OutputChunk } from 'rolldown'
import type { StartGroups } from './programs.ts'

/** Of the usual drivers, how many must share a module for it to be worth loading always. */
const manyDrivers = 5

/**
 * Puts into one file each what starts the threads, and what a run loads after that. Each file costs about half a
 * millisecond in each thread; cut where commands share code, as is usual, there would be forty of them.
 * `chunks`: the program cut as usual.
 */
export function startGroups(chunks: readonly OutputChunk[], starts: StartGroups): CodeSplittingGroup[] {
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
  const always = reached([starts.program])
  const starting = reached([starts.threads]).difference(always)
  const uses = starts.drivers.map((module) => reached([module]))
  const shared = chunks.filter((chunk) => uses.filter((each) => each.has(chunk)).length >= manyDrivers)
  const running = reached(starts.transfer).union(new Set(shared)).difference(always).difference(starting)
  return [groupOf('threads', starting), groupOf('transfer', running)]
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
