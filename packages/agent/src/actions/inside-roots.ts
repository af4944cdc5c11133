import { realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { DiskError, renamedIn } from '@varve/core/problems/disk-error'
import { inFolder } from '@varve/engine/files/held-folder'
import { isOfDevices, libraryRoots } from '@varve/engine/files/library-roots'
import { assertNameFits } from '@varve/engine/files/staged-name'
import { readError, writeError } from '@varve/engine/system/system-error'
import type { ActionPorts } from './adapter.ts'

/** Throws `not-writable` for a name that no file can have, and `outside-library` unless `path`, which need not exist, is absolute and its folder lies in the roots, links resolved. */
export async function assertTarget({ roots }: Pick<ActionPorts, 'roots'>, path: string): Promise<void> {
  if (!isAbsolute(path) || path.includes('\0') || basename(path) === '..')
    throw new DiskError('invalid-request', { file: path, reason: 'a path is absolute and has no end in it' })
  assertNameFits(path)
  if (roots === null) return
  const folder = await realpath(dirname(path)).catch((error: unknown) => {
    libraryRoots(roots).assertNamedInside(path)
    throw writeError(error, path)
  })
  libraryRoots(roots).assertInside(join(folder, basename(path)), path)
  if (isOfDevices(folder)) throw amongDevices(path)
}

/** Throws as `assertTarget`, and `outside-library` too when the file that is there is a link out of the roots. */
export async function assertImage(ports: Pick<ActionPorts, 'roots'>, path: string): Promise<void> {
  await assertTarget(ports, path)
  if (ports.roots === null) return
  const real = await realpath(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  libraryRoots(ports.roots).assertInside(real, path)
}

/**
 * Does `work` with a name of `path` that stays in the folder which was judged, whatever is put in that folder's place meanwhile.
 * Throws as `assertTarget`.
 */
export async function withTarget<T>(
  ports: Pick<ActionPorts, 'roots'>,
  path: string,
  work: (held: string) => Promise<T>,
): Promise<T> {
  await assertTarget(ports, path)
  return await inFolder(dirname(path), ports.roots, async (held) => {
    try {
      return await work(join(held.path, basename(path)))
    } catch (error) {
      throw renamedIn(error, join(held.path, basename(path)), path)
    }
  })
}

/** That no file is laid where the devices of volumes are: it would lie in the memory of the machine. */
export function amongDevices(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'its library has the volumes of the host, and no file is written there',
    remedy:
      'Choose another library; on the host itself, varve convert writes into a volume: lvm:VG/LV, zfs:POOL/VOLUME.',
    layer: 'L1',
  })
}
