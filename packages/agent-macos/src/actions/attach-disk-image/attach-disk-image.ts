import { realpath, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ActionPorts, AdapterOf } from '@varve/agent/actions/adapter'
import { assertImage } from '@varve/agent/actions/inside-roots'
import { assertNotUsed } from '@varve/agent/actions/unused'
import type { AttachedMacImage } from '@varve/agent/platform/macos-host'
import type { ToolCommand } from '@varve/agent/tools/tool-command'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { ActionInput, ActionOutcome } from '@varve/operations/actions/action-table'
import { changeNote, macNotes, shadowOf } from '../../host/notes.ts'
import { attachImageCommand } from '../../tools/diskutil/commands.ts'
import { attachCommand } from '../../tools/hdiutil/commands.ts'
import type { DiskEntity } from '../../tools/hdiutil/output.ts'
import { wholeDiskOf } from '../../tools/plist-output.ts'
import type { MacPorts } from '../adapter-table.ts'
import { disksOf, ownNotes } from '../own-attachment.ts'
import { explainFailure } from './explain-failure.ts'

type Input = ActionInput<'attach-disk-image'>

/** The command that attaches it; its passphrase is none of it. */
export function commandOf(input: Input): ToolCommand<readonly DiskEntity[]> {
  return input.by === 'hdiutil' ? attachCommand(input) : attachImageCommand(input)
}

export function attachDiskImage({ mac }: MacPorts): AdapterOf<'attach-disk-image'> {
  return {
    tools: ['hdiutil', 'diskutil'],
    command(input) {
      const { tool, args } = commandOf(input)
      return { argv: [tool, ...args] }
    },

    async run(input, { ports, signal }) {
      const { attachment, by, isReadOnly, purpose } = input
      await assertImage(ports, input.image)
      const image = await realpath(resolve(input.image)).catch(() => resolve(input.image))
      const notes = ownNotes(ports, image)
      const shadow = ownShadow(input, image, ports)
      const stdin = passphraseFor(input, ports)
      if (!isReadOnly) await assertNotUsed([image], ports)
      const before = await disksOf(mac, notes, image)
      // Noted before it is looked at, it would be taken for Varve's, and be detached.
      const [taken] = before.disks
      if (taken) throw heldBy(image, `macOS, which has it attached as ${taken.disk.device}`)
      // What somebody else has taken away since is Varve's no more.
      for (const note of before.gone.filter(({ isPending }) => !isPending)) await macNotes.remove(notes, note)
      const own = { by, purpose, device: null, pid: null, shadow, mounts: [] }
      if (!(await macNotes.begin(notes, { attachment, image, isReadOnly, ...own })))
        throw heldBy(image, 'another run of Varve, which attaches it now')
      try {
        const command = { ...commandOf({ ...input, image, shadow }), ...(stdin && { stdin }) }
        const entities = await ports.tools.run(command, { signal, file: image })
        const found = await shownAs(image, notes, entities)
        const noted = await noteDisk(notes, attachment, found)
        return outcomeOf(attachment, noted ?? found)
      } catch (error) {
        if (await isNothingOfOurs(error, image, notes)) {
          await macNotes.remove(notes, { image, attachment })
          if (shadow !== null) await rm(shadow, { force: true })
        }
        throw by === 'hdiutil' ? await explainFailure(error, image, { tools: ports.tools, signal }) : error
      }
    },

    async isDone({ attachment, image }, { ports }) {
      const notes = ownNotes(ports, image)
      const real = await realpath(image).catch(() => image)
      const { disks } = await disksOf(mac, notes, real)
      const found = disks.find(({ note }) => note?.attachment === attachment)
      if (!found) return null
      return outcomeOf(attachment, (await noteDisk(notes, attachment, found)) ?? found)
    },
  }

  /** The disk that the tool named, as macOS shows it. */
  async function shownAs(
    image: string,
    notes: string,
    entities: readonly DiskEntity[],
  ): Promise<AttachedMacImage> {
    const named = new Set(entities.map(({ device }) => wholeDiskOf(device)))
    const { disks } = await disksOf(mac, notes, image)
    const found = disks.find(({ disk }) => named.has(disk.device))
    if (found) return found
    throw new DiskError('tool-failed', {
      file: image,
      tool: 'hdiutil',
      exitCode: 0,
      stderr: 'macOS shows no disk of it',
    })
  }

  /** From now on the disk is known by its number and process; null: the note is gone. */
  async function noteDisk(
    notes: string,
    attachment: string,
    { disk, pid }: AttachedMacImage,
  ): Promise<AttachedMacImage | null> {
    const note = await changeNote(notes, attachment, () => ({ device: disk.device, pid }))
    if (note === null) return null
    const { disks } = await mac.disks(notes)
    return disks.find((one) => one.note?.attachment === attachment) ?? null
  }

  /** What was cut off may come yet, and what nobody could look at keeps its note. */
  async function isNothingOfOurs(error: unknown, image: string, notes: string): Promise<boolean> {
    if (isDiskError(error, 'canceled') || isDiskError(error, 'no-progress')) return false
    const there = await disksOf(mac, notes, image).catch(() => null)
    return there !== null && there.disks.length === 0
  }
}

function outcomeOf(attachment: string, { disk }: AttachedMacImage): ActionOutcome<'attach-disk-image'> {
  return { attachment, ...disk }
}

/** Throws where throw-away writes would go anywhere but to the file that is kept for them. */
function ownShadow({ shadow }: Input, image: string, ports: ActionPorts): string | null {
  if (shadow === null || shadow === shadowOf(ports, image)) return shadow
  throw new DiskError('invalid-request', { file: image, reason: 'that is not the shadow file of this image' })
}

function passphraseFor({ isEncrypted, image }: Input, { secret }: ActionPorts): Uint8Array | null {
  if (!isEncrypted) return null
  if (secret) return secret
  throw new DiskError('refused', {
    file: image,
    reason: 'its passphrase is kept nowhere, and is not known any more',
    remedy: 'Undo the run (varve runs ID --undo), and attach it again.',
    finding: 'no-key',
    layer: 'L2',
  })
}

function heldBy(file: string, by: string): DiskError {
  return new DiskError('in-use', { file, by, how: 'holds' })
}
