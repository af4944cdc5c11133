import { lstat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { quote } from '@varve/core/problems/disk-error'
import { formatRules } from '@varve/core/image/format-rules'
import { finding, type Diagnosis } from './diagnosis.ts'
import { isMachineFolder } from '@varve/core/image/is-machine-folder'
import { bundleFindings } from './bundle-findings.ts'
import { definitionsIn, type Definitions } from './machine-definitions.ts'
import { byCommand, byHand, mendByDelete, mendByMove } from './mending.ts'
import { findRemains, type Remains } from './find-remains.ts'
import { neededFiles, type NeededFiles } from './needed-files.ts'
import { outsideFindings } from './outside-findings.ts'
import { parentFindings } from './parent-findings.ts'
import { keptBelow, seeksParent } from './parent-places.ts'
import { partFindings } from './part-findings.ts'
import { lookAtImages, rightEnding, type LookOptions, type SeenImage } from './look-at-images.ts'

export interface Diagnosed {
  readonly folder: string
  readonly images: readonly SeenImage[]
  readonly needed: NeededFiles
  readonly remains: Remains
  readonly looked: number
  readonly unseen: string | null
  readonly findings: readonly Diagnosis[]
}

export interface DiagnoseOptions extends LookOptions {
  /** Days since its last write after which an image that nothing names is told. */
  readonly oldDays?: number
  readonly now?: () => number
}

const usualOldDays = 90
const dayMs = 24 * 3600 * 1000

/** What was not written to since is old. */
export function oldestOf({ oldDays = usualOldDays, now = Date.now }: DiagnoseOptions): number {
  return now() - oldDays * dayMs
}

/** What is to be mended in a folder of images, by their headers and names: no disk is read. */
export async function diagnose(path: string, options: DiagnoseOptions): Promise<Diagnosed> {
  const folder = resolve(path)
  const seen = await lookAtImages(folder, options)
  const { images, looked, unseen } = seen
  const remains = await findRemains(folder, options.signal)
  const needed = await neededFiles(images, remains.links)
  const kept = images.some(seeksParent) ? await keptBelow(folder) : []
  // The definition of a machine is none of its disks.
  const disks = images.filter(({ format }) => !isMachineFolder(format))
  const findings = [
    ...images.flatMap((image) => parentFindings(image, { images, kept })),
    ...(await partFindings(seen, options)),
    ...(await outsideFindings(images, folder)),
    ...(await Promise.all(images.map(async (image) => endingFindings(image, folder)))).flat(),
    ...(await bundleFindings(images)),
    ...(await orphanFindings(disks, needed, options)),
    ...alikeFindings(disks, folder),
  ]
  return { folder, images, needed, remains, looked, unseen, findings }
}

async function endingFindings(image: SeenImage, folder: string): Promise<Diagnosis[]> {
  const ending = rightEnding(image)
  if (ending === null) return []
  const { path, format } = image
  const name = basename(path)
  const stem = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name
  const target = join(dirname(path), `${stem}${ending}`)
  const isTaken = (await lstat(target).catch(() => null)) !== null
  const said = `its name says another format; it is ${formatRules[format].label}`
  return [
    finding(image, {
      id: 'wrong-ending',
      severity: 'warn',
      layer: 'L1',
      message: isTaken ? `${said}, and the name ${quote(target)} is taken` : said,
      remedy: isTaken
        ? `Move it to another name that ends in ${ending}.`
        : 'Give it the ending of what it is.',
      ...(isTaken ? byHand : mendByMove(path, target, folder)),
      details: { format, ending },
    }),
  ]
}

/** Old images that nothing needs and that no machine names, where machines are described beside them. */
async function orphanFindings(
  images: readonly SeenImage[],
  needed: NeededFiles,
  options: DiagnoseOptions,
): Promise<Diagnosis[]> {
  const before = oldestOf(options)
  const known = new Map<string, Promise<Definitions>>()
  const found: Diagnosis[] = []
  for (const image of images) {
    if (image.modifiedMs > before || (await needed.has(image.path))) continue
    const place = dirname(image.path)
    const beside = known.get(place) ?? definitionsIn(place)
    known.set(place, beside)
    const definitions = await beside
    if (!definitions.areThere || definitions.names(basename(image.path))) continue
    const days = Math.floor(((options.now ?? Date.now)() - image.modifiedMs) / dayMs)
    found.push(
      finding(image, {
        id: 'orphan',
        severity: 'warn',
        layer: 'L1',
        message: `no machine beside it names it, no image stands on it, and nobody wrote to it for ${days} days`,
        remedy: 'Put it into quarantine if nobody misses it.',
        ...mendByDelete(image.path),
        details: { days, bytes: image.fileSize },
      }),
    )
  }
  return found
}

/** Images of one size in files of one size may hold the same disk; only reading them tells. */
function alikeFindings(images: readonly SeenImage[], folder: string): Diagnosis[] {
  const groups = new Map<string, SeenImage[]>()
  for (const image of images) {
    const standsAlone = image.parents.length === 0 && image.failures.length === 0
    if (!image.virtualSize || !standsAlone) continue
    const key = `${image.virtualSize}:${image.format}:${image.fileSize}`
    groups.set(key, [...(groups.get(key) ?? []), image])
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group
    if (!first || others.length === 0) return []
    const paths = others.map(({ path }) => path)
    return [
      finding(first, {
        id: 'maybe-duplicate',
        severity: 'info',
        layer: 'L3',
        message: `${paths.length} more have its size, and may hold the same disk: ${paths.slice(0, 3).map(quote).join(', ')}${paths.length > 3 ? ' and others' : ''}`,
        remedy: 'Have their digests compared; every one of them is read for that.',
        ...byCommand('varve', 'doctor', folder, '--digest'),
        details: { paths },
      }),
    ]
  })
}
