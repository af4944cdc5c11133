import { DiskError } from '@varve/core/problems/disk-error'
import type { Attachment } from '@varve/engine/in-use/attachment'
import { deviceNow, isFree, isHeldFor } from '@varve/engine/in-use/attached-device'
import { notThere, type KernelContext } from './kernel-action.ts'

interface Named {
  readonly attachment: string
  readonly image: string
  readonly device: string
}

type How = Attachment['how']

/** Whether the kernel holds the device for the attachment, and shows how large it is. */
export function isAttached(
  { attachment: id, image, device }: Named,
  how: How,
  context: KernelContext,
): boolean {
  const { folder, roots } = context.registry
  const now = deviceNow(device, roots)
  return isHeldFor({ how, image, id }, now, folder) && now !== null && (now.size > 0 || how === 'loop')
}

/** The outcome once the device is attached. A device that is not there at all is not waited for. */
export function whenAttached(how: How, tool: string) {
  return async (input: Named, context: KernelContext): Promise<{ device: string } | null> => {
    if (isAttached(input, how, context)) return Promise.resolve({ device: input.device })
    if (deviceNow(input.device, context.registry.roots) === null) throw notThere(tool, input.image)
    return null
  }
}

/** The outcome where there is nothing of ours to detach: somebody else's device is left alone. */
export function unlessOurs(how: How, tool: string) {
  return async (input: Named, { registry, ports }: KernelContext): Promise<{ device: string } | null> => {
    const { attachment: id, image, device } = input
    const now = deviceNow(device, registry.roots)
    if (now === null) return (await ports.tools.find(tool)) === null ? { device } : null
    return isFree(now) || isHeldFor({ how, image, id }, now, registry.folder) ? null : { device }
  }
}

/** The outcome once the device is not held for the attachment any more. */
export function whenDetached(how: How) {
  return async (input: Named, { registry }: KernelContext): Promise<{ device: string } | null> => {
    const { attachment: id, image, device } = input
    const now = deviceNow(device, registry.roots)
    return Promise.resolve(isHeldFor({ how, image, id }, now, registry.folder) ? null : { device })
  }
}

/** Somebody keeps the device open. */
export function stillHeld({ device }: Named): DiskError {
  return new DiskError('in-use', {
    file: device,
    by: 'a process that has it open, or a device over it',
    how: 'locks',
  })
}
