import type { z } from 'zod'
import { detachDiskImage } from '../actions/detach-disk-image.ts'
import { detachByQemu, detachLoop, detachNbd } from '../actions/detach-loop.ts'
import { detachVhd } from '../actions/detach-vhd.ts'
import { endServing } from '../actions/end-serving.ts'
import { forgetAttachment } from '../actions/forget-attachment.ts'
import { closeLuks } from '../actions/open-luks.ts'
import { removeMapping } from '../actions/remove-mapping.ts'
import type { AttachedView } from '../actions/list-attached.ts'
import { quick, step, type DraftStep } from '../plans/plan.ts'

const detachOf = { loop: detachLoop, 'nbd-client': detachNbd, 'qemu-nbd': detachByQemu } as const

/** What lies over the device goes first, then the device, then who serves it, then the note: what is left of it can be found until it is gone. */
export function detachSteps(
  host: string,
  attached: z.infer<typeof AttachedView>,
  { isForced }: { readonly isForced: boolean } = { isForced: false },
): DraftStep[] {
  const { attachment, image, device, how, volumes } = attached
  if (how === 'hyper-v' || how === 'storage' || how === 'diskpart')
    return [step(detachVhd, { id: 'detach', host, input: { image, by: how, attachment }, estimate: quick })]
  if (how === 'hdiutil' || how === 'diskutil')
    return [
      step(detachDiskImage, {
        id: 'detach',
        host,
        input: { attachment, image, device: device === 'no disk' ? null : device, isForced },
        estimate: quick,
      }),
    ]
  return [
    ...volumes.map(({ kind, device: mapped }, at) =>
      step(kind === 'luks' ? closeLuks : removeMapping, {
        id: `volume-${at + 1}`,
        host,
        input: { attachment, mapped },
        estimate: quick,
      }),
    ),
    step(detachOf[how], { id: 'detach', host, input: { attachment, image, device }, estimate: quick }),
    ...(how === 'loop'
      ? []
      : [step(endServing, { id: 'end-serving', host, input: { attachment }, estimate: quick })]),
    step(forgetAttachment, { id: 'forget', host, input: { attachment }, estimate: quick }),
  ]
}
