import { DiskError } from '../problems/disk-error.ts'
import { folderOf, nameOf } from '../image/folder-of.ts'
import type { FormatName } from '../image/format-rules.ts'
import type { ImageFile, ImagePorts } from '../image/image-files.ts'
import { descriptorName } from '../formats/parallels/descriptor-name.ts'
import { isExpandingImage } from '../formats/parallels/is-expanding-image.ts'

/** Folders of macOS that are one image, by their names. */
export const bandBundleEnding = /\.(?:sparsebundle|backupbundle)$/iu

/**
 * The format that the folder of a file and its neighbours promise, whatever its bytes are; null when they promise none.
 * Throws `refused` for files that are a piece of an image, or describe a machine whose disks are not read by it.
 */
export async function promiseOfPlace(file: ImageFile, ports: ImagePorts): Promise<FormatName | null> {
  const name = nameOf(file.path).toLowerCase()
  const folder = folderOf(file.path)
  if (name === descriptorName.toLowerCase()) return 'parallels'
  if (name === 'info.plist' || name === 'info.bckup') {
    if (bandBundleEnding.test(folder)) return 'sparsebundle'
    const names = await ports.files.list(folder)
    return names.some((each) => each.toLowerCase() === 'bands') ? 'sparsebundle' : null
  }
  const piece = await pieceOfBands(folder, name, ports)
  if (piece) throw notAnImage(file.path, piece.reason, piece.remedy)
  const described = await machineFormat(folder, name, ports)
  if (described) return described
  const machine = machineOf(folder, name)
  if (machine) throw notAnImage(file.path, machine.reason, machine.remedy)
  if (/\.(?:hds|hdd)$/u.test(name) && (await isExpandingImage(file, ports))) return 'parallels'
  return null
}

interface Refusal {
  readonly reason: string
  readonly remedy: string
}

/** A band is 8 MiB out of a disk; read by itself it would be another disk. */
async function pieceOfBands(folder: string, name: string, { files }: ImagePorts): Promise<Refusal | null> {
  const bundle = folderOf(folder)
  const remedy = `Name the bundle: ${JSON.stringify(bundle)}.`
  if (bandBundleEnding.test(folder) && name === 'token')
    return {
      reason: 'it is the key of a sparse bundle, not a disk',
      remedy: `Name the bundle: ${JSON.stringify(folder)}.`,
    }
  if (nameOf(folder).toLowerCase() !== 'bands' || !/^[0-9a-f]+$/u.test(name)) return null
  const names = bandBundleEnding.test(bundle) ? ['info.plist'] : await files.list(bundle)
  const isBundle = names.some((each) => ['info.plist', 'info.bckup'].includes(each.toLowerCase()))
  return isBundle ? { reason: 'it is a band of a sparse bundle, a piece of a disk', remedy } : null
}

/** The format of the file that is a machine's definition, in a folder of its product. */
async function machineFormat(
  folder: string,
  name: string,
  { files }: ImagePorts,
): Promise<'utm' | 'pvm' | null> {
  if (name === 'config.pvs') return 'pvm'
  if (name !== 'config.plist') return null
  if (/\.utm$/iu.test(folder)) return 'utm'
  const names = await files.list(folder)
  return names.some((each) => ['data', 'images'].includes(each.toLowerCase())) ? 'utm' : null
}

/** What describes a machine in its folder, by the ending of the folder. */
export const machines = [
  { folder: /\.utm$/iu, names: ['config.plist'], label: 'a UTM machine', disks: 'Data/' },
  {
    folder: /\.(?:pvm|macvm)$/iu,
    names: ['config.pvs', 'config.pvs.backup', 'vminfo.pvi'],
    label: 'a Parallels machine',
    disks: 'its .hdd bundles',
  },
  { folder: /\.vmwarevm$/iu, names: [], label: 'a VMware machine', disks: 'its .vmdk files' },
] as const

function machineOf(folder: string, name: string): Refusal | null {
  const found = machines.find(
    (machine) => machine.folder.test(folder) && (machine.names as readonly string[]).includes(name),
  )
  if (!found) return null
  return {
    reason: `it describes ${found.label} and is no disk`,
    remedy: `Name one of the disks of the machine: ${found.disks}.`,
  }
}

function notAnImage(file: string, reason: string, remedy: string): DiskError {
  return new DiskError('refused', { file, reason, remedy })
}
