import { DiskError } from '../problems/disk-error.ts'
import { nameOf } from '../image/folder-of.ts'
import type { ImageFiles } from '../image/image-files.ts'
import { descriptorName } from '../formats/parallels/descriptor-name.ts'
import { bandBundleEnding, machines } from './promise-of-place.ts'

/** Disks of a machine that are named, at most. */
const mostNamed = 5
const diskEnding = /\.(?:vmdk|hdd|qcow2|img|raw|vhdx?|vdi)$/iu
/** Parts of split disks, which are no disks by themselves. */
const partEnding = /-(?:[sf]\d{3}|flat|delta|ctk)\.vmdk$/iu

/**
 * What is wrong with a folder that is no image though its name or what lies in it promises one: what is missing, or which
 * of its files are disks; null when it promises nothing.
 */
export async function brokenBundle(path: string, files: ImageFiles): Promise<DiskError | null> {
  const folder = path.replace(/(?<=.)[\\/]+$/u, '')
  const names = await files.list(folder)
  const inside = new Set(names.map((name) => name.toLowerCase()))
  if (bandBundleEnding.test(folder) || (inside.has('bands') && inside.has('token')))
    return lacking(path, 'sparse bundle', [
      ...(inside.has('info.plist') || inside.has('info.bckup') ? [] : ['its description (Info.plist)']),
      ...(inside.has('bands') ? [] : ['the folder of its data (bands)']),
    ])
  if (/\.hdd$/iu.test(folder) || names.some((name) => /\.hds$/iu.test(name)))
    return lacking(path, 'Parallels disk bundle', [`its description (${descriptorName})`], {
      backup: names.find((name) => name.toLowerCase() === `${descriptorName}.backup`.toLowerCase()),
    })
  const machine = machines.find((each) => each.folder.test(folder))
  return machine ? await machineRefusal(path, { machine, folder, names, files }) : null
}

function lacking(
  file: string,
  structure: string,
  missing: readonly string[],
  { backup }: { readonly backup?: string | undefined } = {},
): DiskError {
  const reason = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not there`
  if (backup === undefined) return new DiskError('corrupt', { file, structure, reason })
  return new DiskError('refused', {
    file,
    reason: `the ${structure} is damaged: ${reason}`,
    remedy: `Copy its ${JSON.stringify(backup)} to ${JSON.stringify(descriptorName)} in a copy of the bundle, and name that.`,
  })
}

interface MachineFolder {
  readonly machine: (typeof machines)[number]
  readonly folder: string
  readonly names: readonly string[]
  readonly files: ImageFiles
}

async function machineRefusal(
  file: string,
  { machine, folder, names, files }: MachineFolder,
): Promise<DiskError> {
  const below = names.filter((name) => ['data', 'images'].includes(name.toLowerCase()))
  const found = [...names]
  for (const name of below)
    found.push(...(await files.list(`${folder}/${name}`)).map((inner) => `${name}/${inner}`))
  const disks = found.filter((name) => diskEnding.test(name) && !partEnding.test(nameOf(name)))
  const label = `it is the folder of ${machine.label}, not a disk`
  if (disks.length === 0)
    return new DiskError('refused', {
      file,
      reason: `${label}, and no disk lies in it (${machine.disks})`,
      remedy: 'Copy the machine again from where it came from, or restore it from a backup.',
    })
  const listed = disks.slice(0, mostNamed).map((name) => JSON.stringify(`${folder}/${name}`))
  const rest = disks.length > mostNamed ? ` or one of ${disks.length - mostNamed} more` : ''
  return new DiskError('refused', {
    file,
    reason: label,
    remedy: `Name its disk: ${listed.join(', ')}${rest}.`,
  })
}
