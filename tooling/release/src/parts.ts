import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { assertNativeCode } from './native-code.ts'
import { ReleaseError } from './release-error.ts'
import type { Target } from './targets.ts'

export const partsFolder = resolve(import.meta.dirname, '../parts')

type Part = readonly [name: string, file: string]

/** Files that a release for the target must have of these packages, each with the package's name. */
export function expectedParts(target: Target): Part[] {
  return [...nativeParts(target), [target.node.licenceOf, 'LICENSE']]
}

/** Those that run on its processor. */
function nativeParts({ node, native }: Target): Part[] {
  return [
    [node.package, node.program],
    ...Object.values(native).map((part): Part => [part.package, part.file]),
  ]
}

/**
 * Puts Node and the native code of a target into `folder`, as the lockfile in `parts` pins them, and gives their `node_modules`.
 * `fetch`: what the store of pnpm lacks is fetched; else nothing is asked of a network.
 */
export async function stageParts(
  target: Target,
  folder: string,
  { fetch }: { fetch: boolean },
): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const name of ['package.json', 'pnpm-lock.yaml']) await cp(join(partsFolder, name), join(folder, name))
  const workspace = await readFile(join(partsFolder, 'pnpm-workspace.yaml'), 'utf8')
  await writeFile(join(folder, 'pnpm-workspace.yaml'), workspaceFor(target, workspace))
  const args = ['install', '--frozen-lockfile', '--reporter=append-only', ...(fetch ? [] : ['--offline'])]
  const { exitCode, all } = await execa('pnpm', args, {
    cwd: folder,
    all: true,
    reject: false,
    env: { CI: 'true' },
  })
  const modules = join(folder, 'node_modules')
  const missing = expectedParts(target).filter(([name, file]) => !existsSync(join(modules, name, file)))
  if (missing.length > 0) throw new ReleaseError(missingText(target, missing, fetch ? all : null))
  if (exitCode !== 0) throw new ReleaseError(`The parts of ${target.name} could not be installed:\n${all}`)
  for (const [name, file] of nativeParts(target)) await assertNativeCode(target, join(modules, name, file))
  return modules
}

function missingText(
  { name }: Target,
  missing: readonly (readonly [name: string, file: string])[],
  said: string | null,
): string {
  const parts = missing.map(([part, file]) => `${part}/${file}`).join(', ')
  const why =
    said === null
      ? `not in the store of pnpm; fetch it once: npm run release -- fetch --target ${name}`
      : `not to be fetched:\n${said.trim().split('\n').slice(-6).join('\n')}`
  return `${name} lacks ${parts}: ${why}`
}

/** The workspace of the parts, for one target only. */
function workspaceFor({ system, cpu, node }: Target, text: string): string {
  const isElsewhere = node.licenceOf !== node.package
  const os = isElsewhere ? `${system}, linux` : system
  return text.replace(/os: \[.*\]/u, `os: [${os}]`).replace(/cpu: \[.*\]/u, `cpu: [${cpu}]`)
}
