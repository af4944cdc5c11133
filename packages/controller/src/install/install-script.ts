import { createHash, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../package.ts'
import { ReleaseFault, type ReleaseFile } from '@varve/trust/release-sums'

/** A script that installs one release, and its SHA-256. */
export interface InstallScript {
  readonly text: string
  readonly sum: string
}

export interface ScriptFacts {
  readonly version: string
  readonly fleet: string
  /** What releases are signed by: hosts keep it, to believe later ones. */
  readonly key: KeyObject
  readonly files: ReadonlyMap<string, ReleaseFile>
}

const shebang = '#!/bin/sh\n'

/**
 * The script for Linux with the sums of the archives in it, so that who believes the script believes them. It ends without a line
 * feed: what a shell keeps in a variable has the same sum.
 */
export async function installScript({ version, fleet, key, files }: ScriptFacts): Promise<InstallScript> {
  const written = await readFile(join(packageFolder, 'install/linux.sh'), 'utf8')
  const archives = (['x64', 'arm64'] as const).map((cpu) => {
    const file = files.get(`varve-${version}-linux-${cpu}.tar.gz`)
    return [cpu, file ? `${file.name} ${file.sum} ${file.size}` : ''] as const
  })
  if (archives.every(([, archive]) => archive === ''))
    throw new ReleaseFault('the release has no archive for Linux')
  const facts = [
    `varve_version=${version}`,
    `varve_fleet=${fleet}`,
    `varve_key=${key.export({ type: 'spki', format: 'der' }).toString('base64')}`,
    ...archives.map(([cpu, archive]) => `varve_${cpu}='${archive}'`),
  ]
  const text = `${shebang}${facts.join('\n')}\n${written.slice(shebang.length).trimEnd()}`
  return { text, sum: createHash('sha256').update(text).digest('hex') }
}
