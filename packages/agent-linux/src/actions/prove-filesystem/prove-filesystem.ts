import { nativeAdapter } from '@varve/agent/actions/native'
import type { FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'
import { readRecipe } from '@varve/core/filesystems/read-recipe'
import { DiskError } from '@varve/core/problems/disk-error'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { filesystemAtStart } from '@varve/agent/operations/guest-volumes'
import { openInput } from '@varve/engine/run/open-input'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { holdDevice } from '../hold-device.ts'

/** Believes what is on the device, not the tool that was to write it. */
export const proveFilesystem = nativeAdapter('prove-filesystem', {
  calls: 'open(2), pread(2) of the superblock',

  async run(input, { ports, signal }) {
    const { image, type, uuid, recipe } = input
    const device = deviceOf(input)
    await using _held = await holdDevice(device, ports)
    const source = { kind: 'image', path: device, roots: null, format: 'raw', choices: {} } as const
    await using opened = await openInput(source, { io: 'async', signal })
    const found = filesystemAtStart(await readGuestContents(opened.disk, { signal }))
    const made = found && (await readRecipe(opened.disk, found, signal))
    const others =
      found === null || made === null
        ? ['that nothing is seen of it']
        : [
            ...(found.type === type ? [] : [`${found.type} in place of ${type}`]),
            ...(found.uuid === uuid.toLowerCase() ? [] : [`the UUID ${found.uuid ?? 'none'}`]),
            ...otherwise(made, recipe),
          ]
    if (others.length === 0) return { uuid }
    throw new DiskError('refused', {
      file: image,
      reason: `the new ${type} is not like the old one: ${others.join(', ')}`,
      remedy: 'Nothing of the original was changed. Do it on a host with other tools, and report this.',
      finding: 'filesystem-otherwise',
      layer: 'L6',
    })
  },
})

/** In what the one was not made like the other. */
function otherwise(made: FilesystemRecipe, wanted: FilesystemRecipe): string[] {
  return [...aspects(made)]
    .filter(([name, value]) => aspects(wanted).get(name) !== value)
    .map(([name, value]) => `${name} ${value}`)
}

/** What must be the same: sizes, counts and journals are another matter. */
function aspects(recipe: FilesystemRecipe): ReadonlyMap<string, string> {
  const { kind, label, blockSize, inodeSize } = recipe
  const common = { kind, label: label ?? 'none', 'block size': blockSize, 'inode size': inodeSize }
  const own =
    recipe.kind === 'ext'
      ? {
          // A guest's kernel sets these two by itself when they are needed.
          features: [...recipe.features]
            .filter((one) => !setWhenUsed.has(one))
            .sort()
            .join(' '),
          'cluster size': recipe.clusterSize ?? 0,
          'mount options': recipe.mountOptions,
          'on errors': recipe.errors,
        }
      : {
          features: Object.entries(recipe.features)
            .map(([name, has]) => `${name}=${has ? 1 : 0}`)
            .sort()
            .join(' '),
          'sector size': recipe.sectorSize,
          'folder block size': recipe.folderBlockSize,
          'stripe unit': recipe.stripeUnit,
        }
  return new Map(Object.entries({ ...common, ...own }).map(([name, value]) => [name, String(value)]))
}

const setWhenUsed = new Set(['large_file', 'dir_nlink', 'ext_attr'])
