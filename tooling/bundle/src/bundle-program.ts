import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import { rolldown, type OutputChunk, type OutputOptions, type RolldownOutput } from 'rolldown'
import { nativeCode, nativeFiles, nativePathsFrom, type NativePaths } from './native-code.ts'
import { homeOf, root, type Program } from './programs.ts'
import { startGroups } from './start-groups.ts'

/** `place`: a folder as deep as the one where the bundle will lie; maps name sources from there. */
const outputTo = (place: string): OutputOptions => ({
  dir: place,
  // `require` starts faster than `import`: no graph is linked, and modules of Node are taken without a list of their exports.
  format: 'cjs',
  strict: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name]-[hash].cjs',
  // Beside the code and read only when a stack is wanted: a report of a fault names the sources.
  sourcemap: true,
  comments: false,
  // Each start decodes what it loads: ASCII is taken as it is, and takes half the memory. Names stay, for stacks.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true, asciiOnly: true } },
})

/** A bundle and the files that it was made of; `load-program.cjs` takes it while these are as they were. */
export interface BundleRecord {
  /** Below `dist` of the program. */
  readonly folder: string
  /** Path below the root of the checkout, size in bytes, time of the last change in ms. */
  readonly inputs: readonly (readonly [path: string, size: number, modifiedMs: number])[]
}

/** The files of a program and its worker threads; `place`: a folder as deep as the one where they will lie. */
export async function cutProgram(
  program: Program,
  place: string,
  native: NativePaths,
): Promise<OutputChunk[]> {
  const outputOptions = outputTo(place)
  const bundle = await rolldown({
    input: Object.fromEntries(
      Object.entries(program.entries).map(([name, source]) => [name, join(root, 'packages', source)]),
    ),
    cwd: root,
    platform: 'node',
    external: [...program.outside],
    plugins: [nativeCode(native)],
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'warn',
    // What a command loads when it is asked for, an agent has from its start.
    checks: { ineffectiveDynamicImport: false },
  })
  let chunks = chunksOf(await bundle.generate(outputOptions))
  if (program.startsWith) {
    const groups = startGroups(chunks, program.startsWith)
    chunks = chunksOf(await bundle.generate({ ...outputOptions, codeSplitting: { groups } }))
  }
  await bundle.close()
  return chunks
}

/** Makes a program and its worker threads into a few files below its `dist`. */
export async function bundleProgram(program: Program): Promise<BundleRecord> {
  const dist = join(homeOf(program), 'dist')
  const place = join(dist, 'any')
  const chunks = await cutProgram(program, place, nativePathsFrom(place))
  const inputs = await inputsOf(chunks)
  // Also of how it was cut: what lies in a folder is of one making.
  const made = [inputs, chunks.map(({ fileName }) => fileName)]
  const folder = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16)
  await mkdir(join(dist, folder), { recursive: true })
  for (const { fileName, code, map } of chunks) {
    if (map) await writeWhole(join(dist, folder, `${fileName}.map`), map.toString())
    await writeWhole(join(dist, folder, fileName), code)
  }
  const record: BundleRecord = { folder, inputs }
  await writeWhole(join(dist, 'bundle.json'), JSON.stringify(record))
  await removeOld(dist, folder)
  return record
}

function chunksOf({ output }: RolldownOutput): OutputChunk[] {
  return output.filter((part): part is OutputChunk => part.type === 'chunk')
}

/** A program that runs may still load from an older bundle. */
const keptMs = 60 * 60 * 1000

async function removeOld(dist: string, current: string): Promise<void> {
  for (const name of await readdir(dist)) {
    if (name === current || name === 'bundle.json') continue
    const path = join(dist, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true })
  }
}

/** What is here never changes but by an install, which writes its lock anew. */
const installed = join(root, 'node_modules')

async function inputsOf(chunks: readonly OutputChunk[]): Promise<BundleRecord['inputs']> {
  const sources = chunks.flatMap(({ moduleIds }) => moduleIds).filter((path) => isAbsolute(path))
  const own = sources.filter((path) => !path.startsWith(installed))
  const paths = new Set([...own, ...nativeFiles(), join(installed, '.pnpm/lock.yaml')])
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
