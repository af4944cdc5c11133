import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { InspectPool } from '@varve/agent/library/inspect-pool'
import { FormatChoices } from '@varve/agent/library/format-choices'
import { scanLibrary } from '@varve/agent/library/scan'
import type { ScanMemory } from '@varve/agent/library/scan-memory'
import { silentLogger } from '@varve/agent/platform/logger'
import { nodeFiles } from '@varve/engine/files/node-files'
import { inspectFile } from '@varve/engine/images/inspect-file'
import { runToolOk } from '@varve/test-kit/tools'
import { timeCommand } from './run-timed.ts'
import { qemuTarget, sourceFormats } from './conversions.ts'
import { formatTable, median } from './statistics.ts'

export interface InspectResult {
  readonly image: string
  /** Seconds of one inspection from L1 to L6 in this process, and of one `qemu-img info --output=json`; medians. */
  readonly varve: number
  readonly qemuImg: number
  /** Seconds with the allocation of the whole disk, which `qemu-img info` does not tell. */
  readonly withMap: number
}

export interface LibraryResult {
  readonly images: number
  /** Of the first scan, and of one that finds nothing changed. */
  readonly seconds: number
  readonly againSeconds: number
  readonly megabytes: number
}

const warmUps = 500
const ownRuns = 500
const peerRuns = 20

/** Inspects each image fully, again and again, and has qemu-img do what it does. */
export async function runInspections(images: readonly string[], qemuImg: string): Promise<InspectResult[]> {
  const results: InspectResult[] = []
  for (const image of images) {
    const varve = await timeInspection(image, false)
    const withMap = await timeInspection(image, true)
    const peers: number[] = []
    for (let run = 0; run < peerRuns; run += 1) {
      const { seconds } = await timeCommand({ file: qemuImg, args: ['info', '--output=json', image] })
      peers.push(seconds)
    }
    results.push({ image, varve, withMap, qemuImg: median(peers) })
  }
  return results
}

/** As in a scan of a library: the code has run some hundred times. */
async function timeInspection(image: string, map: boolean): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < warmUps + ownRuns; run += 1) {
    const started = performance.now()
    await inspectFile(image, { roots: null, map })
    if (run >= warmUps) times.push((performance.now() - started) / 1000)
  }
  return median(times)
}

/** Has the agent's scanner look at `count` small images of mixed formats, each a file of its own, in many folders. */
export async function runLibrary(folder: string, count: number): Promise<LibraryResult> {
  const place = mkdtempSync(join(folder, 'library-'))
  try {
    const models = (await makeModels(place)).map(modelOf)
    const root = join(place, 'library')
    for (let index = 0; index < count; index += 1) {
      const model = models[index % models.length]
      if (!model) break
      const folder = join(root, `folder-${Math.floor(index / imagesPerFolder)}`)
      if (index % imagesPerFolder === 0) mkdirSync(folder, { recursive: true })
      writeCopy(join(folder, `image-${index}${model.ending}`), model)
    }
    // What was just written must not be written back while it is read.
    await runToolOk('sync', [])
    await using inspections = new InspectPool({ roots: [root] })
    const ports = {
      inspect: (path: string) => inspections.inspect(path),
      files: nodeFiles({ roots: [root] }),
      findWriters: null,
      formats: new FormatChoices([{ name: 'bench', root }]),
      roots: [root],
      log: silentLogger,
    }
    const memory: ScanMemory = new Map()
    const scan = async () => {
      const started = performance.now()
      const options = { signal: new AbortController().signal, onRecord: async () => {} }
      const { present } = await scanLibrary({ name: 'bench', root }, memory, ports, options)
      if (present.length !== count) throw new Error(`${present.length} of ${count} images were found`)
      return (performance.now() - started) / 1000
    }
    const seconds = await scan()
    const megabytes = process.memoryUsage.rss() / 1e6
    return { images: count, seconds, againSeconds: await scan(), megabytes }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

const imagesPerFolder = 250
const pageSize = 4096

interface Model {
  readonly ending: string
  readonly size: number
  /** The pages that are not all zeros, and where they lie. */
  readonly pages: readonly { readonly at: number; readonly bytes: Buffer }[]
}

function modelOf(path: string): Model {
  const bytes = readFileSync(path)
  const pages = Array.from({ length: Math.ceil(bytes.length / pageSize) }, (_, index) => ({
    at: index * pageSize,
    bytes: bytes.subarray(index * pageSize, (index + 1) * pageSize),
  }))
  return {
    ending: path.slice(path.lastIndexOf('.')),
    size: bytes.length,
    pages: pages.filter(({ bytes: page }) => page.some((byte) => byte !== 0)),
  }
}

/** A copy in which zeros are holes. */
function writeCopy(path: string, { size, pages }: Model): void {
  const fd = openSync(path, 'wx')
  ftruncateSync(fd, size)
  for (const { at, bytes } of pages) writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

/** One image of each format with a partition table and an ext4 filesystem. */
async function makeModels(place: string): Promise<string[]> {
  const raw = join(place, 'model.raw')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '16M'])
  await runToolOk('sgdisk', ['-n', '1:2048:0', raw])
  await runToolOk('mke2fs', ['-q', '-t', 'ext4', '-E', 'offset=1048576', raw, '14M'])
  const models = [raw]
  for (const format of sourceFormats) {
    const model = join(place, `model.${format}`)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', ...qemuTarget(format), raw, model])
    models.push(model)
  }
  return models
}

/** The results as a table for people. */
export function formatInspections(results: readonly InspectResult[]): string {
  const inMs = (seconds: number) => `${(seconds * 1000).toFixed(2)} ms`
  const rows = results.map(({ image, varve, withMap, qemuImg }) => [
    image.slice(image.lastIndexOf('/') + 1),
    inMs(varve),
    inMs(qemuImg),
    `${(qemuImg / varve).toFixed(1)}×`,
    inMs(withMap),
  ])
  const head = ['inspect L1–L6', 'in process', 'qemu-img info', 'faster by', 'with allocation']
  return formatTable([head, ...rows])
}

export function formatLibrary({ images, seconds, againSeconds, megabytes }: LibraryResult): string {
  const rate = Math.round(images / seconds)
  return `${images} mixed images indexed by the agent's scanner in ${seconds.toFixed(1)} s (${rate} a second), resident ${Math.round(megabytes)} MB; again, nothing changed: ${againSeconds.toFixed(1)} s`
}
