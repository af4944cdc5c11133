import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const template = resolve(import.meta.dirname, '../files/Containerfile')

/** Names of processors as `uname -m` has them. */
const machines = { x64: 'x86_64 | amd64', arm64: 'aarch64 | arm64' } as const

/** An archive that an image is made of. */
export interface ContainedArchive {
  readonly cpu: keyof typeof machines
  /** Without `.tar.gz`: of the file, and of the folder in it. */
  readonly name: string
  /** SHA-256. */
  readonly sum: string
}

export function containerfileName(version: string): string {
  return `varve-${version}.Containerfile`
}

/** What `podman build` and `docker build` take: it holds the sums of the archives beside it, so that who believes it believes them. */
export async function containerfile(version: string, archives: readonly ContainedArchive[]): Promise<string> {
  const cases = archives.map(({ cpu, name, sum }) => `    ${machines[cpu]}) name=${name}; sum=${sum} ;; \\`)
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    NAME: containerfileName(version),
    CASES: cases.join('\n'),
  }
  const text = await readFile(template, 'utf8')
  return text.replaceAll(/@([A-Z]+)@/gu, (whole, name: string) => values[name] ?? whole)
}
