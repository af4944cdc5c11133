import { resolve } from 'node:path'
import { assertTarget } from '@varve/agent/actions/inside-roots'
import type { ActionContext } from '@varve/agent/actions/adapter'
import { DiskError } from '@varve/core/problems/disk-error'
import type { WorkVolume } from '@varve/operations/actions/windows-volume'
import { powershellWord } from '@varve/operations/plans/shown'
import { Bytes } from '@varve/protocol/primitives'
import { z } from 'zod'
import { plainPath } from '@varve/engine/files/windows-path'
import { askScript } from '../../powershell/ask-script.ts'
import type { WindowsPorts } from '../adapter-table.ts'

/** What `get-volume.ps1` gives. */
const Volume = z.object({
  disk: z.number().int().min(0),
  partition: z.number().int().min(1),
  size: Bytes,
  supported: z.object({ min: Bytes, max: Bytes }).nullable(),
  volume: z.object({ path: z.string().min(1), filesystem: z.string(), size: Bytes }).nullable(),
})
type Asked = z.infer<typeof Volume>

/** A partition with the volume in it, and the sizes that Windows gives it. */
export interface MountedVolume extends Asked {
  readonly volume: NonNullable<Asked['volume']>
  readonly supported: NonNullable<Asked['supported']>
}

/** The place of a work disk as scripts name it; nothing outside the libraries is. */
export async function imageOf(
  { work }: Pick<WorkVolume, 'work'>,
  { ports }: Pick<ActionContext, 'ports'>,
): Promise<string> {
  await assertTarget(ports, work)
  return plainPath(resolve(work))
}

/** The partition now; throws coded errors about what people call the image. */
export async function askVolume(
  { scripts }: Pick<WindowsPorts, 'scripts'>,
  input: Pick<WorkVolume, 'work' | 'name' | 'start'>,
  context: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<MountedVolume> {
  const { volume, supported, ...asked } = await look({ scripts }, { ...input, isSized: true }, context)
  if (volume === null || supported === null) throw noVolume(input.name)
  return { ...asked, volume, supported }
}

/** The name of its volume, such as `\\?\Volume{…}\`; null: none is mounted. */
export async function volumePath(
  ports: Pick<WindowsPorts, 'scripts'>,
  input: Pick<WorkVolume, 'work' | 'name' | 'start'>,
  context: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<string | null> {
  return (await look(ports, { ...input, isSized: false }, context)).volume?.path ?? null
}

async function look(
  { scripts }: Pick<WindowsPorts, 'scripts'>,
  { isSized, ...input }: Pick<WorkVolume, 'work' | 'name' | 'start'> & { readonly isSized: boolean },
  context: Pick<ActionContext, 'ports' | 'signal'>,
): Promise<Asked> {
  const { name, start } = input
  return await askScript(scripts, {
    script: 'get-volume',
    schema: Volume,
    parameters: { image: await imageOf(input, context), start, isSized },
    file: name,
    signal: context.signal,
  })
}

export function noVolume(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'Windows shows no volume in its partition',
    remedy: 'See what it holds: varve info. Change the container only: --partition none.',
    finding: 'partition-not-seen',
    layer: 'L4',
  })
}

/** Hours in which a cmdlet that tells no progress may work on a large volume. */
export const longMs = 12 * 3_600_000

/** What stands before the cmdlet that a script runs on the partition, as a person would write it. */
export function placeWords({ work, start }: Pick<WorkVolume, 'work' | 'start'>): string {
  return `$disk = Get-Disk | Where-Object Location -EQ ${powershellWord(work)}; $partition = Get-Partition -DiskNumber $disk.Number | Where-Object Offset -EQ ${start}`
}

/** The parameters that say which one, as placeWords has found it. */
export const partitionWords = '-DiskNumber $disk.Number -PartitionNumber $partition.PartitionNumber'
