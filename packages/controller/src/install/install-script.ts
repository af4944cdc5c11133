import { createHash, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installSystems, systemWords, type InstallSystem } from '@varve/protocol/install-systems'
import { packageFolder } from '../package.ts'
import type { ReleaseFile } from '@varve/trust/release-sums'

/** A script that installs one release, and its SHA-256. */
export interface InstallScript {
  readonly text: string
  readonly sum: string
}

/** The script of each system, or why there is none. */
export type InstallScripts = Readonly<
  Record<
    InstallSystem,
    | { readonly script: InstallScript; readonly reason: null }
    | { readonly script: null; readonly reason: string }
  >
>

export interface ScriptFacts {
  readonly version: string
  readonly fleet: string
  /** What releases are signed by: hosts keep it, to believe later ones. */
  readonly key: KeyObject
  readonly files: ReadonlyMap<string, ReleaseFile>
}

/** The file of each system's script below `install` and in an address, and what archives for it are called. */
export const scriptFiles = {
  linux: { name: 'linux.sh', type: 'application/x-sh', target: 'linux' },
  windows: { name: 'windows.ps1', type: 'text/plain', target: 'windows' },
  macos: { name: 'macos.sh', type: 'application/x-sh', target: 'darwin' },
} as const satisfies Readonly<Record<InstallSystem, { name: string; type: string; target: string }>>

const cpus = ['x64', 'arm64'] as const

/** Where a script is told what release it is of; without it, it is of none. */
const factsMark = '# varve: the release\n'

/**
 * The scripts with the sums of the archives in them, so that who believes a script believes those. They end without a line feed: what
 * a shell keeps in a variable has the same sum.
 */
export async function installScripts(facts: ScriptFacts): Promise<InstallScripts> {
  const made = await Promise.all(
    installSystems.map(async (system) => {
      const script = await installScript(system, facts)
      const reason = `the release has no archive for ${systemWords[system]}`
      return [system, script ? { script, reason: null } : { script: null, reason }] as const
    }),
  )
  return Object.fromEntries(made) as InstallScripts
}

async function installScript(
  system: InstallSystem,
  { version, fleet, key, files }: ScriptFacts,
): Promise<InstallScript | null> {
  const { name, target } = scriptFiles[system]
  const archives = cpus.map((cpu) => {
    const file = files.get(`varve-${version}-${target}-${cpu}.tar.gz`)
    return [`varve_${cpu}`, file ? `${file.name} ${file.sum} ${file.size}` : ''] as const
  })
  if (archives.every(([, archive]) => archive === '')) return null
  const facts = [
    ['varve_version', version],
    ['varve_fleet', fleet],
    ['varve_key', key.export({ type: 'spki', format: 'der' }).toString('base64')],
    ...archives,
  ]
  const variable = system === 'windows' ? '$' : ''
  const equals = system === 'windows' ? ' = ' : '='
  // None of the values can have a quote: names and sums are of known forms.
  const lines = facts.map(([fact, value]) => `${variable}${fact}${equals}'${value}'\n`)
  const written = await readFile(join(packageFolder, 'install', name), 'utf8')
  const text = written.replace(factsMark, () => lines.join('')).trimEnd()
  return { text, sum: createHash('sha256').update(text).digest('hex') }
}
