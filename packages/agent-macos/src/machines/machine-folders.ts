import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemCode } from '@varve/engine/system/system-error'
import type { PlacesView } from '@varve/protocol/places'

/** Machines of one folder that are told of, at most. */
const most = 500

export interface FoundFolders {
  readonly folders: readonly string[]
  readonly unread: PlacesView['unread']
}

export interface Looking {
  /** Folders in which the product keeps machines. */
  readonly in: readonly string[]
  /** Paths that may lie in one. */
  readonly named: readonly string[]
  /** The ending of a machine's folder. */
  readonly ending: RegExp
  readonly product: string
}

/** The folders of machines of a product: in its own folders, and around the paths that are named; each once. */
export async function machineFolders({ in: places, named, ending, product }: Looking): Promise<FoundFolders> {
  const found = new Set<string>()
  const unread: PlacesView['unread'] = []
  for (const place of places) {
    try {
      const names = await readdir(place)
      for (const name of names.filter((each) => ending.test(each)).slice(0, most))
        found.add(join(place, name))
    } catch (error) {
      const code = systemCode(error)
      // macOS answers EPERM where the person has not allowed it, EACCES where the folder is another one's.
      if (code === 'EPERM' || code === 'EACCES') unread.push(notAllowed(product, place))
    }
  }
  for (const path of named) {
    const around = folderAround(path, ending)
    if (around !== null) found.add(around)
  }
  return { folders: [...found].toSorted(), unread }
}

/** The machine's folder that the path is or lies in, or null. */
export function folderAround(path: string, ending: RegExp): string | null {
  for (let at = path; dirname(at) !== at; at = dirname(at)) if (ending.test(at)) return at
  return null
}

export async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

function notAllowed(product: string, place: string): PlacesView['unread'][number] {
  return {
    what: `the machines of ${product} in ${place}`,
    reason: 'macOS does not let this program read the data of another app.',
    remedy:
      'Allow it in System Settings, Privacy & Security, Full Disk Access: the terminal for the command, varve-agent for the agent.',
  }
}
