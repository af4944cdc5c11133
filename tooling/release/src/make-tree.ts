import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { cutProgram } from '@varve/bundle/bundle-program'
import { homeOf, programs, root, type Program } from '@varve/bundle/programs'
import { billOfMaterials, packageUrl, type Component } from './bill-of-materials.ts'
import { launchers } from './launchers.ts'
import { licenceOf } from './licences.ts'
import { assertNativeCode } from './native-code.ts'
import { pinnedSum, readLockfile } from './lockfile.ts'
import { partsFolder } from './parts.ts'
import {
  findPackage,
  placePackages,
  readPackage,
  type InstalledPackage,
  type PlacedPackage,
} from './packages.ts'
import { ReleaseError } from './release-error.ts'
import { serviceFiles } from './services.ts'
import type { Target } from './targets.ts'
import { byCodeUnits, textFile, type TreeEntry } from './tree.ts'

/** What is made once for all targets. */
export interface Made {
  readonly version: string
  /** Time of everything inside, in seconds since 1970. */
  readonly seconds: number
  /** Folder of the built dashboard, and of the manual and the completions. */
  readonly dashboard: string
  readonly manual: string
}

const programsFolder = 'lib/varve'
const modulesFolder = `${programsFolder}/node_modules`

/** All files of a release for a target; `modules`: where its parts were staged. */
export async function makeTree(target: Target, modules: string, made: Made): Promise<TreeEntry[]> {
  const { tree, packages, bundled } = await makePrograms(target, modules)
  const { components, licences } = await componentsOf(target, modules, [
    ...packages,
    ...(await packagesOfFiles(bundled)),
    ...(await placePackages([[join(root, 'apps/dashboard'), await namesOfDashboard()]])),
  ])
  const folders = await Promise.all([
    folderFiles(made.dashboard, `${programsFolder}/apps/dashboard/dist`),
    folderFiles(made.manual, 'share'),
  ])
  return [
    ...tree,
    ...folders.flat(),
    ...(target.system === 'linux' ? await serviceFiles() : []),
    copy(join(modules, target.node.licenceOf, 'LICENSE'), 'lib/node/LICENSE'),
    textFile('sbom.cdx.json', billOfMaterials({ ...made, target: target.name }, components)),
    ...licences,
  ]
}

/** The files that run: programs with Node, without what is for people; with the packages of others that they are made of. */
export async function makePrograms(
  target: Target,
  modules: string,
  own: readonly Program[] = programs(target.system),
) {
  const bundles = await Promise.all(own.map(async (program) => await bundleOf(program, target)))
  const packages = await placePackages(
    own.map((program) => [homeOf(program), program.outside.map(packageOf)] as const),
  )
  const trees = await Promise.all(packages.map(async (placed) => await packageFiles(placed, target)))
  const tree: TreeEntry[] = [
    ...bundles.flatMap((bundle) => bundle.tree),
    ...trees.flat(),
    ...nativeFiles(target, modules),
    ...launchers(target),
    copy(
      join(import.meta.dirname, '../files/load-program.cjs'),
      `${programsFolder}/tooling/bundle/load-program.cjs`,
    ),
    {
      ...copy(join(modules, target.node.package, target.node.program), `lib/node/${target.node.program}`),
      mode: 0o755,
    },
  ]
  return { tree, packages, bundled: bundles.flatMap(({ modules: files }) => files) }
}

/** `@napi-rs/lzma` of `@napi-rs/lzma/xz`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function copy(from: string, path: string): Extract<TreeEntry, { kind: 'copy' }> {
  return { kind: 'copy', path, mode: 0o644, from }
}

/** Every file below a folder, put below another one. */
async function folderFiles(folder: string, at: string): Promise<TreeEntry[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => copy(path, `${at}/${relative(folder, path).replaceAll(sep, '/')}`))
}

const scriptsFolder = 'src/scripts'

/** What lies beside the bundle of a program and is read by it: its start, the migrations of its databases, what installs hosts, scripts. */
async function foldersBeside(home: string): Promise<string[]> {
  const entries = await readdir(home, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const beside = folders.filter(
    (name) => name === 'bin' || name === 'install' || /^drizzle(?:-|$)/u.test(name),
  )
  return existsSync(join(home, scriptsFolder)) ? [...beside, scriptsFolder] : beside
}

/** A program with what lies beside its bundle, and the files of others that its bundle is made of. */
async function bundleOf(program: Program, { native }: Target) {
  const home = homeOf(program)
  const at = `${programsFolder}/packages/${program.name}`
  const fromBundle = (part: { package: string; file: string }) =>
    `../../../node_modules/${part.package}/${part.file}`
  const chunks = await cutProgram(program, join(home, 'dist'), {
    hashing: fromBundle(native.hashing),
    koffi: fromBundle(native.koffi),
  })
  const { name, version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as InstalledPackage
  const files = chunks.flatMap(({ fileName, code, map }) => [
    textFile(`${at}/dist/${fileName}`, code),
    ...(map ? [textFile(`${at}/dist/${fileName}.map`, JSON.stringify({ ...map, sourcesContent: [] }))] : []),
  ])
  const folders = await Promise.all(
    (await foldersBeside(home)).map(
      async (folder) => await folderFiles(join(home, folder), `${at}/${folder}`),
    ),
  )
  const manifest = { name, version, private: true, type: 'module' }
  return {
    tree: [
      ...files,
      ...folders.flat(),
      textFile(`${at}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`),
    ],
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  }
}

/** The packages of others that files of a bundle come from. */
async function packagesOfFiles(files: readonly string[]): Promise<InstalledPackage[]> {
  const folders = new Set<string>()
  for (const file of files) {
    const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(file.replaceAll(sep, '/')) ?? []
    if (folder !== undefined) folders.add(folder)
  }
  return await Promise.all([...folders].map(readPackage))
}

async function namesOfDashboard(): Promise<string[]> {
  const { needs } = await readPackage(join(root, 'apps/dashboard'))
  return needs.filter((name) => !name.startsWith('@varve/'))
}

/** What Node loads; sources of native code, types, tests and pages about a package stay away. */
const loaded = /\.(?:c?js|mjs|json|wasm)$/u
const notLoaded = /(?:^|\/)(?:tests?|__tests__|benchmarks?|examples?|docs|coverage|\.\w[^/]*)\//u

async function packageFiles({ folder, place }: PlacedPackage, target: Target): Promise<TreeEntry[]> {
  const files = await folderFiles(folder, `${programsFolder}/${place}`)
  const inside = (path: string) => path.slice(`${programsFolder}/${place}/`.length)
  const kept = files.filter(({ path }) => {
    const own = inside(path)
    if (own.startsWith('node_modules/')) return false
    return own === 'package.json' || (loaded.test(own) && !notLoaded.test(own))
  })
  if (place !== 'node_modules/better-sqlite3') return kept
  const native = files.filter(({ path }) => inside(path) === target.sqlite)
  if (native.length === 0) throw new ReleaseError(`${target.name} lacks better-sqlite3/${target.sqlite}.`)
  await assertNativeCode(target, join(folder, target.sqlite))
  return [...kept, ...native]
}

function nativeFiles({ native }: Target, modules: string): TreeEntry[] {
  return Object.values(native).flatMap((part) =>
    [part.file, 'package.json'].map((file) =>
      copy(join(modules, part.package, file), `${modulesFolder}/${part.package}/${file}`),
    ),
  )
}

/** Every package of others that is inside, with its licence as a file of the release. */
async function componentsOf(target: Target, modules: string, found: readonly InstalledPackage[]) {
  const locks = await Promise.all(
    [root, partsFolder].map(async (at) => readLockfile(await readFile(join(at, 'pnpm-lock.yaml'), 'utf8'))),
  )
  const nodeSpare = { id: 'MIT', folder: join(modules, target.node.licenceOf) }
  const koffi = await findPackage('koffi', join(root, 'packages/engine'))
  const spares: Readonly<Record<string, { id: string; folder: string }>> = {
    [target.node.package]: nodeSpare,
    [target.native.koffi.package]: { id: 'MIT', folder: koffi.folder },
  }
  const staged = [target.node.package, ...Object.values(target.native).map((part) => part.package)]
  const all = [
    ...found,
    ...(await Promise.all(staged.map(async (name) => await readPackage(join(modules, name))))),
  ]
  const components = new Map<string, Component>()
  const licences: TreeEntry[] = [copy(join(root, 'LICENSE'), 'LICENCES/varve.txt')]
  for (const one of all.sort((a, b) => byCodeUnits(packageUrl(a), packageUrl(b)))) {
    const { name, version } = one
    const id = `${name}@${version}`
    if (components.has(id) || name.startsWith('@varve/')) continue
    const { id: licence, text } = await licenceOf(one, spares[name])
    components.set(id, { name, version, licence, sha512: pinnedSum(locks, id) })
    licences.push(textFile(`LICENCES/${name.replace('/', '+')}-${version}.txt`, `${text.trim()}\n`))
  }
  return { components: [...components.values()], licences }
}
