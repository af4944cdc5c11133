import { DiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { childOf, childrenOf, type XmlElement } from '../../text/xml-element.ts'
import { sectorSize } from './header.ts'

const descriptorRoot = 'Parallels_disk_image'

/** The GUID of the image that the machine writes to, when the descriptor has no `TopGUID`. */
const predefinedTop = '{5fbaabe3-6958-40ff-92a7-860e329aab41}'
const nilGuid = '{00000000-0000-0000-0000-000000000000}'

const maxStorages = 4096
const maxShots = 4096

/** One file of a storage: what one snapshot changed there. */
export interface StorageImage {
  readonly guid: string
  readonly type: 'Compressed' | 'Plain'
  readonly file: string
}

/** A piece of the disk, in bytes, and its images, one for each snapshot. */
export interface Storage {
  readonly start: number
  readonly end: number
  readonly images: readonly StorageImage[]
}

/** `DiskDescriptor.xml` (QEMU docs/interop/prl-xml.rst), checked; GUIDs in lower case with braces. */
export interface DiskDescriptor {
  readonly virtualSize: number
  readonly clusterSize: number | null
  readonly uid: string | null
  readonly name: string | null
  /** In order, without gaps, from 0 to the size of the disk. */
  readonly storages: readonly Storage[]
  /** Parent of each snapshot; null at the base. */
  readonly shots: ReadonlyMap<string, string | null>
  /** The snapshot that is the disk as the machine sees it now. */
  readonly top: string
  readonly problems: readonly Problem[]
}

/** What the XML means; throws a coded error for what would give another disk. */
export function readDescriptor(root: XmlElement, file: string): DiskDescriptor {
  if (root.name !== descriptorRoot) throw damaged(file, `its root element is not ${descriptorRoot}`)
  const parameters = childOf(root, 'Disk_Parameters')
  const storageData = childOf(root, 'StorageData')
  if (!parameters || !storageData) throw damaged(file, 'Disk_Parameters or StorageData is missing')
  refuseEncrypted(parameters, file)
  const logical = textOf(parameters, 'LogicSectorSize') ?? String(sectorSize)
  if (logical !== String(sectorSize)) {
    const feature = `logical sectors of ${logical.slice(0, 20)} bytes`
    throw new DiskError('unsupported-feature', { file, format: 'Parallels', feature })
  }
  const virtualSize = sectorsOf(parameters, 'Disk_size', file)
  const elements = childrenOf(storageData, 'Storage')
  if (elements.length > maxStorages) throw tooMany(file, 'storages', elements.length, maxStorages)
  const storages = elements
    .map((element) => storageOf(element, file))
    .toSorted((first, second) => first.start - second.start)
  assertWhole(storages, virtualSize, file)
  const block = elements[0] ? textOf(elements[0], 'Blocksize') : null
  const { shots, top } = shotsOf(childOf(root, 'Snapshots'), storages, file)
  return {
    virtualSize,
    clusterSize: block !== null && /^\d{1,7}$/u.test(block) ? Number(block) * sectorSize : null,
    uid: textOf(parameters, 'UID'),
    name: textOf(parameters, 'Name'),
    storages,
    shots,
    top,
    problems: findings(parameters, virtualSize, file),
  }
}

/** The snapshots that `from` is made of, itself first; throws `chain-loop` and `parent-missing`. */
export function snapshotChain(
  { shots }: Pick<DiskDescriptor, 'shots'>,
  from: string,
  file: string,
): string[] {
  const chain: string[] = []
  const met = new Set<string>()
  for (let guid: string | null = from; guid !== null;) {
    if (met.has(guid)) throw new DiskError('chain-loop', { file, path: [...chain.slice(0, 16), guid] })
    const parent = shots.get(guid)
    if (parent === undefined) throw new DiskError('parent-missing', { file, parent: `snapshot ${guid}` })
    chain.push(guid)
    met.add(guid)
    guid = parent
  }
  return chain
}

function storageOf(element: XmlElement, file: string): Storage {
  const images = childrenOf(element, 'Image').map((image): StorageImage => {
    const type = textOf(image, 'Type')
    const guid = textOf(image, 'GUID')
    const name = textOf(image, 'File')
    if (guid === null || name === null) throw damaged(file, 'an image without GUID or file')
    if (type !== 'Compressed' && type !== 'Plain') {
      const feature = `an image of type ${(type ?? 'unknown').slice(0, 40)}`
      throw new DiskError('unsupported-feature', { file, format: 'Parallels', feature })
    }
    return { guid: guid.toLowerCase(), type, file: name }
  })
  if (images.length > maxShots) throw tooMany(file, 'images of a storage', images.length, maxShots)
  return { start: sectorsOf(element, 'Start', file), end: sectorsOf(element, 'End', file), images }
}

function assertWhole(storages: readonly Storage[], virtualSize: number, file: string): void {
  let end = 0
  for (const storage of storages) {
    if (storage.start !== end || storage.end <= storage.start) {
      throw damaged(file, `its storages leave a gap or overlap at byte ${Math.min(end, storage.start)}`)
    }
    end = storage.end
  }
  if (end !== virtualSize) throw damaged(file, `its storages hold ${end} bytes, the disk has ${virtualSize}`)
}

interface Shots {
  readonly shots: ReadonlyMap<string, string | null>
  readonly top: string
}

function shotsOf(snapshots: XmlElement | null, storages: readonly Storage[], file: string): Shots {
  const elements = snapshots ? childrenOf(snapshots, 'Shot') : []
  if (elements.length > maxShots) throw tooMany(file, 'snapshots', elements.length, maxShots)
  const shots = new Map<string, string | null>()
  for (const shot of elements) {
    const guid = textOf(shot, 'GUID')?.toLowerCase()
    const parent = textOf(shot, 'ParentGUID')?.toLowerCase() ?? nilGuid
    if (guid === undefined) throw damaged(file, 'a snapshot without GUID')
    if (shots.has(guid)) throw damaged(file, `two snapshots are ${guid}`)
    shots.set(guid, parent === nilGuid ? null : parent)
  }
  if (shots.size === 0) return { shots, ...onlyShot(shots, storages, file) }
  const said = snapshots ? (textOf(snapshots, 'TopGUID')?.toLowerCase() ?? null) : null
  const top = said ?? (shots.has(predefinedTop) ? predefinedTop : onlyLeaf(shots))
  if (top === null || !shots.has(top)) {
    throw damaged(file, 'it does not say which of its snapshots is the current one')
  }
  return { shots, top }
}

/** A disk without a list of snapshots has one image per storage, all with one GUID. */
function onlyShot(shots: Map<string, string | null>, storages: readonly Storage[], file: string) {
  const guids = new Set(storages.flatMap(({ images }) => images.map(({ guid }) => guid)))
  const [top] = guids
  if (top === undefined || guids.size > 1) {
    throw damaged(file, 'it has several images and no list of snapshots')
  }
  shots.set(top, null)
  return { top }
}

function onlyLeaf(shots: ReadonlyMap<string, string | null>): string | null {
  const parents = new Set(shots.values())
  const [leaf, ...others] = [...shots.keys()].filter((guid) => !parents.has(guid))
  return leaf !== undefined && others.length === 0 ? leaf : null
}

function refuseEncrypted(parameters: XmlElement, file: string): void {
  const encryption = childOf(parameters, 'Encryption')
  const engine = encryption ? textOf(encryption, 'Engine') : null
  if (engine === null || engine === nilGuid) return
  throw new DiskError('encrypted', { file, format: 'Parallels', method: `engine ${engine.slice(0, 60)}` })
}

function findings(parameters: XmlElement, virtualSize: number, file: string): Problem[] {
  const found: Problem[] = []
  const [cylinders, heads, sectors] = ['Cylinders', 'Heads', 'Sectors'].map((name) =>
    Number(textOf(parameters, name) ?? Number.NaN),
  )
  const geometry = (cylinders ?? 0) * (heads ?? 0) * (sectors ?? 0) * sectorSize
  if (geometry !== virtualSize) {
    found.push(
      finding(
        file,
        'parallels-geometry',
        `The geometry says ${geometry} bytes, the disk has ${virtualSize}.`,
      ),
    )
  }
  const padding = textOf(parameters, 'Padding') ?? '0'
  if (padding !== '0') {
    found.push(
      finding(file, 'parallels-padding', `Padding is ${padding.slice(0, 20)}, the specification says 0.`),
    )
  }
  return found
}

function finding(file: string, id: string, message: string): Problem {
  const remedy = 'The disk is read by its size in sectors; let Parallels repair its configuration.'
  return { id, severity: 'info', layer: 'L2', file, message, remedy }
}

function textOf(element: XmlElement, name: string): string | null {
  const text = childOf(element, name)?.text ?? ''
  return text === '' ? null : text
}

/** A number of sectors, in bytes. */
function sectorsOf(element: XmlElement, name: string, file: string): number {
  const text = textOf(element, name) ?? ''
  const size = /^\d{1,16}$/u.test(text) ? Number(text) * sectorSize : Number.NaN
  if (!Number.isSafeInteger(size)) throw damaged(file, `${name} is no number of sectors`)
  return size
}

function tooMany(file: string, what: string, value: number, limit: number): DiskError {
  return new DiskError('limit-exceeded', { file, what: `number of ${what}`, value, limit })
}

function damaged(file: string, reason: string): DiskError {
  return new DiskError('corrupt', { file, structure: 'Parallels disk descriptor', reason })
}
