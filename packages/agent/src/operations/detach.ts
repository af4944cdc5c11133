import { realpath } from 'node:fs/promises'
import { attachedNow } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { namedBy } from '@varve/engine/files/staged-name'
import { isSamePath } from '@varve/engine/files/windows-path'
import { findUses } from '@varve/engine/in-use/find-uses'
import { runOf } from '@varve/engine/in-use/run-locks'
import type { DetachFacts } from '@varve/operations/detach/facts'
import { detachOperation } from '@varve/operations/detach/plan'
import { toAttachedView } from './attached-view.ts'
import { attachedVhds } from './attached-vhds.ts'
import { deviceWays, windowsNow, type WindowsNow } from './device-ways.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherDetachOnMac, macNow } from './on-macos.ts'

export const detachHere = defineLocalOperation(detachOperation, async ({ target }, context) => {
  const { ports, host } = context
  const mac = await macNow(context)
  if (mac) {
    const facts = await gatherDetachOnMac(target, context, mac)
    return { ...facts, run: facts.attached === null ? null : await workingRun(facts.attached.image) }
  }
  const windows = await windowsNow(context)
  if (windows) return await gatherOnWindows(target, context, windows)
  const ways = await deviceWays(context)
  const none = { host, ways, target, attached: null, holders: [], foreign: [], run: null }
  const image = await realpath(target).catch(() => target)
  const libraries = libraryRoots(ports.roots)
  const all = (await attachedNow(registryIn(ports.runtimeFolder))).filter(({ note }) =>
    libraries.holds(note.image),
  )
  // What was attached for a mount is named by its device, or goes with the mount.
  const mine = all.filter(({ note }) => [target, image].includes(note.device) || note.image === image)
  const [found] = [...mine].sort((a, b) => order(a.note.purpose) - order(b.note.purpose))
  if (found)
    return {
      ...none,
      attached: toAttachedView(found),
      holders: found.holders,
      run: await workingRun(found.note.image),
    }
  // Agents say nothing of what lies elsewhere.
  if (!libraries.holds(image)) return none
  const { files } = await findUses([{ path: image }], { purpose: 'change', find: ports.findWriters })
  const foreign = files.flatMap(({ uses }) =>
    uses.flatMap((use) => (use.by === 'loop' || use.by === 'nbd' ? [use.device] : [])),
  )
  return { ...none, foreign }
})

async function gatherOnWindows(
  target: string,
  context: FactsContext,
  { now, ...own }: WindowsNow,
): Promise<DetachFacts> {
  const { host, ports } = context
  const image = await realpath(target).catch(() => target)
  const libraries = libraryRoots(ports.roots)
  const isNamed = (name: string) => [target, image].some((one) => isSamePath(one, name))
  const isMeant = (one: { readonly image: string; readonly device: string }) =>
    (isNamed(one.image) || isNamed(one.device)) && libraries.holds(one.image)
  const attached = attachedVhds(now).find(isMeant) ?? null
  const foreign = now.disks.filter((disk) => isMeant({ image: disk.image, device: disk.disk.device }))
  return {
    host,
    ways: { ...(await deviceWays(context)), ...own },
    target,
    attached,
    run: attached === null ? null : await workingRun(attached.image),
    holders: [],
    foreign: attached === null ? foreign.map(({ disk }) => disk.device) : [],
  }
}

/** The run whose process works on the image, or on the one that this hidden file becomes; null: none. */
async function workingRun(image: string): Promise<string | null> {
  const use = await runOf(namedBy(image))
  return use === null || use.pid === null ? null : use.run
}

const order = (purpose: 'attach' | 'mount') => (purpose === 'attach' ? 0 : 1)
