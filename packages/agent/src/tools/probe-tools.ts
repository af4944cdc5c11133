import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { ToolView } from '@varve/protocol/hosts'
import { mapLimited } from '@varve/core/async/map-limited'
import type { Platform } from '../platform/platform.ts'
import { stderrText, stdoutText, type ToolCommand } from './tool-command.ts'
import type { ToolEntry } from './tool-entry.ts'

const dotted = String.raw`\d+(?:\.\d+)+[\w.~+-]*`

/** Where a version stands, the surest place first: alone in its line, after a word that announces it, in the first line. */
const versionPlaces: readonly RegExp[] = [
  new RegExp(`^\\s*v?(${dotted})\\s*$`, 'mu'),
  new RegExp(`\\b(?:version|release|revision|v)[: ]*(${dotted})`, 'iu'),
  new RegExp(`^\\s*[^\n]*?\\b(${dotted})`, 'u'),
  /\b(?:version|release)[: ]+v?(\d+)\b/iu,
  /^\s*[\w.-]+ v?(\d+)\s*$/mu,
]

/** The version that a tool prints, at most 40 characters; null when nothing it says is one: dates, sizes and options are none. */
export function parseVersion(text: string): string | null {
  const head = text.slice(0, 4096)
  for (const place of versionPlaces) {
    const version = place.exec(head)?.[1]
    if (version !== undefined) return version.slice(0, 40)
  }
  return null
}

/** Asks a tool for its version. Some print it to standard error. */
export function versionCommand(entry: ToolEntry): ToolCommand<string | null> {
  return {
    tool: entry.name,
    args: entry.versionArgs ?? [],
    expected: [0, 1, 2, 3],
    silence: { ms: 5000 },
    parse: (output) => parseVersion(stdoutText(output)) ?? parseVersion(stderrText(output)),
  }
}

/** Absolute path of a tool in the given folders, or null when it is in none. */
export async function findToolPath(
  name: string,
  places: Pick<Platform['tools'], 'folders' | 'suffixes'>,
): Promise<string | null> {
  for (const folder of places.folders) {
    for (const suffix of places.suffixes) {
      const path = join(folder, name + suffix)
      try {
        await access(path, constants.X_OK)
        return path
      } catch {
        continue
      }
    }
  }
  return null
}

/** Looks for every tool of the platform's table and asks it for its version. */
export async function probeTools(tools: Platform['tools'], signal?: AbortSignal): Promise<ToolView[]> {
  return mapLimited(tools.table, 4, async (entry) => {
    const path = await findToolPath(entry.name, tools)
    const { name, enables, install } = entry
    return { name, enables, install, path, version: path === null ? null : await askVersion() }

    async function askVersion(): Promise<string | null> {
      if (entry.versionArgs === null || path === null) return null
      try {
        return await tools.runner.run(versionCommand(entry), {
          path,
          ...(signal && { signal }),
        })
      } catch {
        // A tool that does not tell its version is still there.
        return null
      }
    }
  })
}
