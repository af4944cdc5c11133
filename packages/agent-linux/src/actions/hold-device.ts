import { open } from 'node:fs/promises'
import type { ActionPorts } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import { mappedPrefix } from '@varve/core/volumes/mapped-names'
import { isOn } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { deviceNow, isHeldFor } from '@varve/engine/in-use/attached-device'
import { readAttachments } from '@varve/engine/in-use/attachments'
import { notOfLibraries } from './in-libraries.ts'

/**
 * Keeps a device that Varve has attached open while a step works on it, so that nobody can put something else behind it: a loop device
 * that is detached meanwhile goes when it is closed. Throws `refused` unless the kernel holds it, or what the mapping lies over, for
 * what was noted; for agents that must lie in their libraries.
 */
export async function holdDevice(
  device: string,
  { roots, runtimeFolder, holdDevice: other }: Pick<ActionPorts, 'roots' | 'runtimeFolder' | 'holdDevice'>,
): Promise<AsyncDisposable> {
  if (other) return await other(device)
  const handle = await open(device, 'r').catch(() => null)
  const held = { [Symbol.asyncDispose]: async () => handle?.close() }
  const { folder, roots: kernel } = registryIn(runtimeFolder)
  const notes = await readAttachments(folder)
  const owners = notes.filter((note) => isOn(device, note.device) || device.startsWith(mappedPrefix(note.id)))
  const isOurs =
    handle !== null &&
    owners.length > 0 &&
    owners.every((note) => isHeldFor(note, deviceNow(note.device, kernel), folder))
  // Several notes of one device: who else has it may not be one of the libraries.
  const isAllowed = roots === null || owners.every(({ image }) => libraryRoots(roots).holds(image))
  if (isOurs && isAllowed) return held
  await handle?.close()
  throw roots === null ? lost(device) : notOfLibraries(device)
}

function lost(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'the device was taken away from this run, or has something else behind it by now',
    remedy:
      'Nothing was written to it, and the image itself is as it was: start again, and leave its devices alone.',
    layer: 'L3',
  })
}
