import { join } from 'node:path'
import { attachedMacImages } from '@varve/agent/operations/attached-mac-images'
import { toAttachedView, type AttachedView } from '@varve/agent/operations/attached-view'
import { formatBytes } from '@varve/core/units/format-bytes'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { listAttached } from '@varve/operations/actions/list-attached'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { macHost } from '../operations/this-host.ts'
import { readByPlan, type ReadByPlanOptions } from '../operations/read-by-plan.ts'
import { assertNoFleetOptions, type HostOptions } from '../operations/wish.ts'
import { printable } from '../output/text.ts'

/** `varve attached`: reads only. */
export async function attached(options: HostOptions, context: CommandContext): Outcome {
  assertNoFleetOptions(options)
  if (process.platform === 'darwin')
    return print(
      attachedMacImages(await macHost.disks(join(context.config.stateFolder, 'attached'))),
      context,
    )
  const all = await attachedNow(registryIn(context.config.runtimeFolder ?? undefined))
  return print(all.map(toAttachedView), context)
}

/** `varve attached` with --plan, --script or --host; there: of the images in its libraries. */
export async function attachedByPlan(options: ReadByPlanOptions, context: CommandContext): Outcome {
  return await readByPlan({ operation: 'attached', request: {} }, options, context, (result) =>
    print(listAttached.outcome.parse(result).attached, context),
  )
}

function print(all: readonly AttachedView[], context: CommandContext): Awaited<Outcome> {
  if (context.json) context.print(JSON.stringify({ attached: all }, null, 2))
  else context.print(all.length === 0 ? 'Nothing is attached.' : all.flatMap(described).join('\n'))
  return exitCodes.ok
}

const states: Readonly<Record<AttachedView['state'], string>> = {
  live: 'live',
  'half-made': 'half made: who was at it has died; detach it',
  'dead-server': 'dead: nobody answers for it any more; detach it',
  gone: 'gone: somebody else has taken the device away; detach it',
}

function described({
  device,
  image,
  state,
  readOnly,
  throwAway,
  size,
  how,
  mounts,
  partitions,
  volumes,
}: AttachedView): string[] {
  const kind = readOnly ? (throwAway ? 'over a throw-away overlay' : 'read-only') : 'for writing'
  const at = new Map(mounts.map((mount) => [mount.device, mount.folder]))
  const places = [{ device, size }, ...partitions, ...volumes].flatMap((one) => {
    const folder = at.get(one.device)
    if (one.device === device && folder === undefined) return []
    return [
      `  ${one.device}  ${formatBytes(one.size)}${folder === undefined ? '' : `  at ${printable(folder)}`}`,
    ]
  })
  // A dead device has no partitions any more, and its mounts are there still.
  const known = new Set([device, ...[...partitions, ...volumes].map((one) => one.device)])
  const left = mounts.filter((mount) => !known.has(mount.device))
  return [
    `${device}  ${printable(image)}  ${formatBytes(size)}, ${kind} (${how}), ${states[state]}`,
    ...places,
    ...left.map((mount) => `  ${mount.device}  at ${printable(mount.folder)}`),
  ]
}
