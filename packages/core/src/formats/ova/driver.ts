import { formatBytes } from '../../units/format-bytes.ts'
import type { Problem } from '../../problems/problem.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import type { DiskReader } from '../../disk/disk-reader.ts'
import { clampToDisk, assertOnDisk } from '../../disk/disk-range.ts'
import { formatRules } from '../../image/format-rules.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver, OpenLayer } from '../../image/format-driver.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { NestedImages } from '../../image/nested-images.ts'
import { choicesForParents, type ReadingChoices } from '../../image/reading-choices.ts'
import { checkOva } from './check.ts'
import type { OvfDisk } from './ovf.ts'
import { readOva, type OvaContents } from './package-contents.ts'
import { chooseDisk, fileOfDisk, namesOf, packageDisk, sealedDisk, type SealedDisk } from './package-disks.ts'

/** OVA: a tar with an OVF description, or that description beside its files; each disk is an image of its own, read in place. */
export function ovaDriver(images: NestedImages): FormatDriver {
  return {
    format: 'ova',
    obeys: ['disk', 'vhdBitmap', 'vhdSize', 'rescue'],
    recognises: (ends) => isRecognisedAs('ova', ends),
    inspect: (file, ports, choices = {}) =>
      factsOrProblem('ova', async () => {
        const contents = await readOva(file, ports)
        const disk = chooseDisk(contents.envelope.disks, choices.disk, file.path)
        const own = await inspectDisk({ image: file, files: contents.files, ports, images }, disk, choices)
        return {
          ...own,
          details: { ...detailsOf(contents, disk), ...own.details },
          problems: [...(own.problems ?? []), ...remarks(file.path, { contents, disk, choices })],
        }
      }),
    check: (file, ports, options) => checkOva({ file, ports, images }, options),
    async openLayer(file, ports, choices = {}) {
      const { envelope, files } = await readOva(file, ports)
      const disk = chooseDisk(envelope.disks, choices.disk, file.path)
      const stored = fileOfDisk(disk, file.path)
      if (!stored) return emptyLayer(disk, file.path)
      await using stack = new AsyncDisposableStack()
      const packed = await packageDisk({ image: file, files, ports }, disk, stored)
      stack.use(packed.opened)
      const options = { format: packed.format, choices: choicesForParents(choices) }
      const chain = stack.use(await images.open(packed.path, packed.ports, options))
      const release = stack.move()
      return {
        disk: chain.disk,
        parts: files.kind === 'folder' ? chain.files : [],
        [Symbol.asyncDispose]: () => release.disposeAsync(),
      }
    },
  }
}

type PackageOf = Parameters<typeof packageDisk>[0] & { readonly images: NestedImages }

async function inspectDisk(
  source: PackageOf,
  disk: OvfDisk,
  choices: ReadingChoices,
): Promise<Partial<ImageFacts>> {
  const stored = fileOfDisk(disk, source.image.path)
  if (!stored) return { subformat: 'empty disk', virtualSize: disk.capacity, problems: [] }
  const sealed = await sealedDisk(source, disk, stored)
  if (sealed) return sealedFacts(sealed, disk, source.image.path)
  const packed = await packageDisk(source, disk, stored)
  await using _ = packed.opened
  const options = { format: packed.format, choices: choicesForParents(choices) }
  const { links, problems } = await source.images.inspect(packed.path, packed.ports, options)
  const { format, subformat, virtualSize, clusterSize, identity } = links[0].facts
  return {
    subformat: format === 'vmdk' ? subformat : [format, subformat].filter(Boolean).join(' '),
    virtualSize,
    clusterSize,
    identity,
    problems: [...packed.problems, ...problems],
  }
}

/** What is known of a packed disk that is not unpacked here: what the description says of it. */
function sealedFacts(
  { file: name, size, format }: SealedDisk,
  disk: OvfDisk,
  file: string,
): Partial<ImageFacts> {
  const promised = format === null ? '' : `, ${formatRules[format].label} by its name`
  const capacity = disk.capacity === null ? '' : ` Its description says ${formatBytes(disk.capacity)}.`
  return {
    isSealed: true,
    subformat: 'packed by gzip',
    problems: [
      {
        id: 'packed-image',
        severity: 'info',
        layer: 'L2',
        file,
        message: `Its disk ${JSON.stringify(name)} is packed by gzip as a whole (${formatBytes(size)}${promised}): what it holds is seen when it is unpacked for a job.${capacity}`,
        remedy: 'Nothing has to be done to migrate it; unpack the disk for good to see it in the inventory.',
      },
    ],
  }
}

/** A disk that the machine starts with empty: zeros as far as its capacity. */
function emptyLayer({ capacity }: OvfDisk, name: string): OpenLayer {
  const disk: DiskReader = {
    name,
    virtualSize: capacity ?? 0,
    async *extents(range) {
      const { start, end } = clampToDisk(disk, range)
      if (start < end) yield { start, length: end - start, content: 'zero' }
    },
    async readInto(target, at) {
      assertOnDisk(disk, { start: at, end: at + target.length })
      target.fill(0)
    },
  }
  return { disk, parts: [], async [Symbol.asyncDispose]() {} }
}

/** Disks that are listed by name, at most. */
const maxListed = 32

function detailsOf(
  { envelope, files, manifest, hasCertificate }: OvaContents,
  disk: OvfDisk,
): ImageFacts['details'] {
  const listed = envelope.disks
    .slice(0, maxListed)
    .map((each): [string, string] => [
      `disk${each.number}`,
      [
        each.file?.href ?? 'no file: it starts empty',
        each.diskId,
        ...(each.capacity === null ? [] : [formatBytes(each.capacity)]),
      ].join(', '),
    ])
  return {
    disk: disk.file?.href ?? disk.diskId,
    disks: envelope.disks.length,
    ...Object.fromEntries(envelope.disks.length > 1 ? listed : []),
    members: files.names.length,
    manifest: Array.isArray(manifest) ? (manifest[0]?.algorithm ?? 'empty') : manifest,
    certificate: hasCertificate,
  }
}

interface Read {
  readonly contents: OvaContents
  readonly disk: OvfDisk
  readonly choices: ReadingChoices
}

function remarks(file: string, { contents: { envelope, manifest }, disk, choices }: Read): Problem[] {
  const problems: Problem[] = []
  const others = envelope.disks.filter((each) => each !== disk && each.file && !each.isDisc)
  if (others.length > 0 && choices.disk === undefined) {
    const named = others.slice(0, 8).map((each) => `${namesOf(each).at(-1)} (${each.file?.href})`)
    problems.push({
      id: 'ova-several-disks',
      severity: 'warn',
      layer: 'L2',
      file,
      message: `It holds ${envelope.disks.length} disks; read is disk${disk.number}, ${disk.file?.href ?? disk.diskId}, not ${named.join(', ')}.`,
      remedy: `Name the disk that is meant behind a colon, such as ${file.split('/').at(-1) ?? file}:disk${others[0]?.number ?? 2}.`,
    })
  }
  if (manifest === 'unreadable') {
    problems.push({
      id: 'ova-manifest-unreadable',
      severity: 'warn',
      layer: 'L2',
      file,
      message: 'Its manifest cannot be understood, so nothing in it vouches for the disk.',
      remedy: 'Export the machine again if you doubt it.',
    })
  } else if (manifest !== null) {
    const algorithms = [...new Set(manifest.map(({ algorithm }) => algorithm))].join(', ')
    problems.push({
      id: 'ova-manifest-not-compared',
      severity: 'info',
      layer: 'L2',
      file,
      message: `Its manifest gives digests (${algorithms}) of ${manifest.length} files; they were not compared.`,
      remedy: 'Have varve check compare them.',
    })
  }
  return problems
}
