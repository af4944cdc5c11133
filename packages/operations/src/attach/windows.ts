import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { attachVhd } from '../actions/attach-vhd.ts'
import type { VhdBy } from '../actions/attached-vhd.ts'
import { baseName } from '../actions/path-words.ts'
import { inOrder, quick, step, wholeEstimate, type Plan, type Refusal } from '../plans/plan.ts'
import { powershellWord } from '../plans/shown.ts'
import { freshId } from '../plans/wired.ts'
import type { AttachFacts, DeviceWays, WindowsWays } from './facts.ts'
import { alreadyProblems, refusing, writtenProblems } from './problems.ts'
import type { AttachRequest } from './request.ts'

/** Makes a VHD or VHDX a disk of Windows, by its own tools. */
export function planOnWindows(
  request: AttachRequest,
  facts: AttachFacts,
  windows: WindowsWays,
): Plan | Refusal {
  const { isWritten } = request
  const problems = attachProblems(request, facts)
  const blocking = problems.filter(isBlocking)
  if (blocking.length > 0 || windows.by === null)
    return { kind: 'refusal', operation: 'attach', problems: blocking }
  const { host, image, virtualSize } = facts
  const steps = inOrder([
    step(attachVhd, {
      id: 'attach',
      host,
      input: { attachment: freshId, image, by: windows.by, isReadOnly: !isWritten },
      estimate: quick,
      ...(isWritten && { needs: ['nobody else uses the image'] }),
    }),
  ])
  const size = virtualSize === null ? '' : `, a disk of ${formatBytes(virtualSize)},`
  return {
    kind: 'plan',
    operation: 'attach',
    summary: `Attach ${baseName(image)}${size} ${isWritten ? 'for writing' : 'read-only'} (${byNames[windows.by]})`,
    steps,
    warnings: problems,
    subjects: isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

const byNames: Readonly<Record<VhdBy, string>> = {
  'hyper-v': 'Hyper-V',
  storage: 'Storage',
  diskpart: 'diskpart',
}

function attachProblems(request: AttachRequest, facts: AttachFacts): Problem[] {
  const host = windowsProblems(facts)
  if (host.length > 0) return host
  return [
    ...facts.problems,
    ...alreadyProblems(facts, 'attach'),
    ...formatProblems(request, facts),
    ...diskpartProblems(request, facts),
    ...writtenProblems(facts, { isWritten: request.isWritten, isThrowAway: false }),
  ]
}

/** Disks that come by diskpart get letters at once, and are not taken from who writes there. */
function diskpartProblems({ isWritten }: AttachRequest, { ways, image }: AttachFacts): Problem[] {
  if (ways.windows?.by !== 'diskpart' || !isWritten) return []
  return [
    refusing(image, 'no-way', {
      why: 'diskpart, which attaches it where the module of Storage is missing, gives its volumes letters: what is written there cannot be kept from others',
      remedy: `Attach it without --rw; or serve it: varve serve ${powershellWord(image)}`,
    }),
  ]
}

/** Why this Windows attaches and detaches nothing. */
export function windowsProblems({
  ways: { isRoot, windows },
  image,
}: {
  readonly ways: Pick<DeviceWays, 'isRoot' | 'windows'>
  readonly image: string
}): Problem[] {
  const served = `Serve it instead: varve serve ${powershellWord(image)}`
  if (windows === undefined) return []
  if (windows.unasked !== null)
    return [
      refusing(image, 'no-way', { why: `PowerShell could not be asked: ${windows.unasked}`, remedy: served }),
    ]
  if (windows.by === null)
    return [
      refusing(image, 'no-way', {
        why: 'this Windows has neither the module of Hyper-V, nor that of Storage, nor diskpart',
        remedy: served,
      }),
    ]
  if (!isRoot)
    return [
      refusing(image, 'not-elevated', {
        why: 'only an elevated administrator attaches disks to Windows, and who is in Hyper-V Administrators where there is Hyper-V',
        remedy: `Do it in a PowerShell that was started with "Run as administrator". ${served}`,
      }),
    ]
  return []
}

/** Why Windows makes no disk of an image like this. */
export function formatProblems(
  { image: { reading } }: Pick<AttachRequest, 'image'>,
  { format, image }: Pick<AttachFacts, 'format' | 'image'>,
): Problem[] {
  if (format === null) return []
  if (format !== 'vhd' && format !== 'vhdx')
    return [
      refusing(image, 'no-way', {
        why: `Windows attaches VHD and VHDX, and this is ${format}`,
        remedy: `Convert it first: varve convert ${powershellWord(image)} NEW.vhdx; or serve it: varve serve ${powershellWord(image)}`,
      }),
    ]
  const chosen = Object.values(reading).some((choice) => choice !== undefined)
  if (!chosen) return []
  return [
    refusing(image, 'no-way', {
      why: 'Windows reads it by rules of its own, and nothing can be chosen',
      remedy: `Leave the choice out, or serve it as chosen: varve serve ${powershellWord(image)}`,
    }),
  ]
}
