import { linkSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspectFile } from '@varve/engine/inspect-file'
import { runToolOk } from '@varve/test-kit/tools'
import { timeCommand } from './run-timed.ts'
import { formatTable, median } from './statistics.ts'

export interface InspectResult {
  readonly image: string
  /** Seconds of one full inspection in this process, and of one `qemu-img info --output=json`; medians. */
  readonly varve: number
  readonly qemuImg: number
}

export interface LibraryResult {
  readonly images: number
  readonly seconds: number
  readonly megabytes: number
}

const warmUps = 20
const ownRuns = 100
const peerRuns = 20

/** Inspects each image fully, again and again, and has qemu-img do what it does. */
export async function runInspections(images: readonly string[], qemuImg: string): Promise<InspectResult[]> {
  const results: InspectResult[] = []
  for (const image of images) {
    for (let run = 0; run < warmUps; run += 1) await inspectFile(image, { roots: null })
    const own: number[] = []
    for (let run = 0; run < ownRuns; run += 1) {
      const started = performance.now()
      await inspectFile(image, { roots: null })
      own.push((performance.now() - started) / 1000)
    }
    const peers: number[] = []
    for (let run = 0; run < peerRuns; run += 1) {
      const { seconds } = await timeCommand({ file: qemuImg, args: ['info', '--output=json', image] })
      peers.push(seconds)
    }
    results.push({ image, varve: median(own), qemuImg: median(peers) })
  }
  return results
}

const atOnce = 8

/** Inspects `count` names of small images of mixed formats, as many at once as a scan does; links, so that they take no room. */
export async function runLibrary(folder: string, count: number): Promise<LibraryResult> {
  const place = mkdtempSync(join(folder, 'library-'))
  try {
    const models = await makeModels(place)
    const paths = Array.from({ length: count }, (_, index) => {
      const model = models[index % models.length] ?? ''
      const path = join(place, `image-${index}${model.slice(model.lastIndexOf('.'))}`)
      linkSync(model, path)
      return path
    })
    const started = performance.now()
    let next = 0
    const inspectRest = async () => {
      for (let path = paths[next]; path !== undefined; path = paths[next]) {
        next += 1
        await inspectFile(path, { roots: [place] })
      }
    }
    await Promise.all(Array.from({ length: atOnce }, inspectRest))
    const seconds = (performance.now() - started) / 1000
    return { images: count, seconds, megabytes: process.memoryUsage.rss() / 1e6 }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** One image of each format with a partition table and an ext4 filesystem. */
async function makeModels(place: string): Promise<string[]> {
  const raw = join(place, 'model.raw')
  await runToolOk('qemu-img', ['create', '-q', '-f', 'raw', raw, '16M'])
  await runToolOk('sgdisk', ['-n', '1:2048:0', raw])
  await runToolOk('mke2fs', ['-q', '-t', 'ext4', '-E', 'offset=1048576', raw, '14M'])
  const models = [raw]
  for (const format of ['qcow2', 'vmdk', 'vdi', 'vhdx']) {
    const model = join(place, `model.${format}`)
    await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', format, raw, model])
    models.push(model)
  }
  return models
}

/** The results as a table for people. */
export function formatInspections(results: readonly InspectResult[]): string {
  const rows = results.map(({ image, varve, qemuImg }) => [
    image.slice(image.lastIndexOf('/') + 1),
    `${(varve * 1000).toFixed(2)} ms`,
    `${(qemuImg * 1000).toFixed(2)} ms`,
    `${(qemuImg / varve).toFixed(1)}×`,
  ])
  const head = ['inspect L1–L6', 'in process', 'qemu-img info', 'faster by']
  return formatTable([head, ...rows])
}

export function formatLibrary({ images, seconds, megabytes }: LibraryResult): string {
  const rate = Math.round(images / seconds)
  return `${images} mixed images inspected in ${seconds.toFixed(1)} s (${rate} a second), resident ${Math.round(megabytes)} MB`
}
