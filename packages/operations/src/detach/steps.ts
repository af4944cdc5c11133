import type { z } from 'zod'
import { detachByQemu, detachLoop, detachNbd } from '../actions/detach-loop.ts'
import { endServing } from '../actions/end-serving.ts'
import { forgetAttachment } from '../actions/forget-attachment.ts'
import type { AttachedView } from '../actions/list-attached.ts'
import { step, type DraftStep } from '../plans/plan.ts'

const detachOf = { loop: detachLoop, 'nbd-client': detachNbd, 'qemu-nbd': detachByQemu } as const
const quick = { bytes: 0, seconds: 1 }

/** The device goes first, then who serves it, then the note: what is left of it can be found until it is gone. */
export function detachSteps(host: string, attached: z.infer<typeof AttachedView>): DraftStep[] {
  const { attachment, image, device, how } = attached
  return [
    step(detachOf[how], { id: 'detach', host, input: { attachment, image, device }, estimate: quick }),
    ...(how === 'loop'
      ? []
      : [step(endServing, { id: 'end-serving', host, input: { attachment }, estimate: quick })]),
    step(forgetAttachment, { id: 'forget', host, input: { attachment }, estimate: quick }),
  ]
}
