import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import {
  rolldown,
  type CodeSplittingGroup,
  type OutputChunk,
  type OutputOptions,
  type RolldownOutput,
} from 'rolldown'
import { nativeCode, nativeFiles } from './native-code.ts'

const root = resolve(import.meta.dirname, '../../..')
const dist = join(root, 'packages/cli/dist')

/** What is loaded from `node_modules` when the command runs: native code, and what finds its own files. */
const outside = ['@napi-rs/lzma/xz', '@foxglove/wasm-bz2', 'ws']

const entries = {
  program: join(root, 'packages/cli/src/program.ts'),
  worker: join(root, 'packages/engine/src/run/worker.ts'),
}

const outputOptions: OutputOptions = {
  format: 'esm',
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name]-[hash].mjs',
}

function chunksOf({ output }: RolldownOutput): readonly OutputChunk[] {
  return output.filter((part): part is OutputChunk => part.type === 'chunk')
}

const [program, threads] = ['cli/src/program.ts', 'cli/src/start-threads.ts']
/** What every run over a disk loads at its start, in the command and in each of its threads. */
const transfer = ['cli/src/commands/convert.ts', 'engine/src/run/worker-tasks.ts']
/** Drivers and writers of the formats that are converted most. */
const usualDrivers = ['raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'].flatMap((format) =>
  ['driver', 'writer'].map((part) => `core/src/formats/${format}/${part}.ts`),
)
/** Of those, how many must share a module for it to be worth loading always. */
const manyDrivers = 5

/**
 * Puts into one file each what starts the threads, and what a run loads after that. Each file costs about half a
 * millisecond in each thread; cut where commands share code, as is usual, there would be forty of them.
 */
function startGroups(chunks: readonly OutputChunk[]): CodeSplittingGroup[] {
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
  const always = reached([program])
  const starting = reached([threads]).difference(always)
  const uses = usualDrivers.map((module) => reached([module]))
  const shared = chunks.filter((chunk) => uses.filter((each) => each.has(chunk)).length >= manyDrivers)
  const running = reached(transfer).union(new Set(shared)).difference(always).difference(starting)
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

/** A bundle and the files that it was made of; `bin/varve.mjs` takes it while these are as they were. */
export interface BundleRecord {
  /** Below `packages/cli/dist`. */
  readonly folder: string
  /** Path below the root of the checkout, size in bytes, time of the last change in ms. */
  readonly inputs: readonly (readonly [path: string, size: number, modifiedMs: number])[]
}

/** Makes the command and its worker threads into a few files below `packages/cli/dist`. */
export async function bundleCli(): Promise<BundleRecord> {
  const bundle = await rolldown({
    input: entries,
    cwd: root,
    platform: 'node',
    external: outside,
    plugins: [nativeCode(join(dist, 'any'))],
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'warn',
  })
  const apart = chunksOf(await bundle.generate(outputOptions))
  const groups = startGroups(apart)
  const chunks = chunksOf(await bundle.generate({ ...outputOptions, codeSplitting: { groups } }))
  await bundle.close()
  const inputs = await inputsOf(chunks)
  const folder = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16)
  await mkdir(join(dist, folder), { recursive: true })
  for (const { fileName, code } of chunks) await writeWhole(join(dist, folder, fileName), code)
  const record: BundleRecord = { folder, inputs }
  await writeWhole(join(dist, 'bundle.json'), JSON.stringify(record))
  await removeOld(folder)
  return record
}

/** A command that runs may still load from an older bundle. */
const keptMs = 60 * 60 * 1000

async function removeOld(current: string): Promise<void> {
  for (const name of await readdir(dist)) {
    if (name === current || name === 'bundle.json') continue
    const path = join(dist, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true })
  }
}

async function inputsOf(chunks: readonly OutputChunk[]): Promise<BundleRecord['inputs']> {
  const sources = chunks.flatMap(({ moduleIds }) => moduleIds).filter((path) => isAbsolute(path))
  const paths = new Set([...sources, ...nativeFiles()])
  const inputs: [string, number, number][] = []
  for (const path of [...paths].sort()) {
    const { size, mtimeMs } = await stat(path)
    inputs.push([relative(root, path), size, mtimeMs])
  }
  return inputs
}

/** Another process may read the file meanwhile: it finds the old one or the new one. */
async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.${process.pid}.part`
  await writeFile(part, text)
  await rename(part, path)
}
