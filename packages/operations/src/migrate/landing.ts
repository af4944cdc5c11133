import { formatBytes } from '@varve/core/units/format-bytes'
import { isWritable, type WritableFormat } from '@varve/core/formats/writable-formats'
import { volumeAddress, volumeIn, type VolumeAddress } from '@varve/core/image/volume-address'
import { DiskError } from '@varve/core/problems/disk-error'
import type { MigrateFacts } from '@varve/core/rules/migrate-facts'
import { predictTargetSize } from '@varve/core/rules/target-size'
import { makeVolume } from '../actions/make-volume.ts'
import { measureExport } from '../actions/measure.ts'
import { measureVolume } from '../actions/measure-volume.ts'
import { nameVolume } from '../actions/name-volume.ts'
import { proveVolume } from '../actions/prove-volume.ts'
import { publish } from '../actions/publish.ts'
import { pull } from '../actions/pull.ts'
import { pullVolume } from '../actions/pull-volume.ts'
import { verify } from '../actions/verify.ts'
import { step, type DraftStep, type Estimate } from '../plans/plan.ts'
import { freshId, from } from '../plans/wired.ts'

/** What a migration does on its target: from the export to what was proven, and its name. */
export interface Landing {
  readonly pulled: readonly DraftStep[]
  readonly named: DraftStep
}

interface Estimates {
  readonly moment: Estimate
  /** Of moving the data once. */
  readonly move: Estimate
}

const exported = { endpoint: from('export', 'endpoint'), virtualSize: from('export', 'virtualSize') }

/** The volume that the migration makes; null: it makes a file. */
export function targetVolume({ target, options }: MigrateFacts): VolumeAddress | null {
  return target.volumes ? volumeIn(target.volumes, options.name) : null
}

export function landing(facts: MigrateFacts, estimates: Estimates): Landing {
  const volume = targetVolume(facts)
  return volume === null ? landInFile(facts, estimates) : landInVolume(volume, facts, estimates)
}

/** A part file, which is read back before it gets its name. */
function landInFile(facts: MigrateFacts, { moment, move }: Estimates): Landing {
  const { source, target, options } = facts
  const { host } = target
  const place = { library: target.library, name: options.name }
  const kind = { format: writable(options), subformat: options.subformat }
  const written = {
    ...exported,
    target: place,
    ...kind,
    compression: options.compression,
    choices: from('pre-flight', 'choices'),
  }
  const part = { pullId: from('pull', 'pullId'), target: place, ...kind }
  return {
    pulled: [
      step(measureExport, {
        id: 'measure',
        host,
        input: written,
        needs: [`a path from ${host} to ${source.host}`],
        estimate: moment,
      }),
      step(pull, {
        id: 'pull',
        host,
        input: { ...written, pullId: freshId },
        needs: [spaceNeeded(facts)],
        estimate: move,
      }),
      step(verify, {
        id: 'verify',
        host,
        input: { ...part, expected: from('pull', 'digest') },
        needs: ['the part file, flushed to disk'],
        estimate: move,
      }),
    ],
    named: step(publish, {
      id: 'publish',
      host,
      input: part,
      needs: [`the name ${options.name} free in ${target.library}`],
      estimate: moment,
    }),
  }
}

/** A volume under a name of its own, which is read back before it gets the name that was wished. */
function landInVolume(volume: VolumeAddress, facts: MigrateFacts, { moment, move }: Estimates): Landing {
  const { source, target, options } = facts
  const { host } = target
  const { thinPool: pool = null, sparse = false } = options
  const made = { volume, staging: from('make', 'staging') }
  return {
    pulled: [
      step(measureVolume, {
        id: 'measure',
        host,
        input: { ...exported, volume, pool, sparse },
        needs: [`a path from ${host} to ${source.host}`],
        estimate: moment,
      }),
      step(makeVolume, {
        id: 'make',
        host,
        input: {
          volume,
          staging: freshId,
          size: volumeSize(facts) ?? from('measure', 'size'),
          pool,
          sparse,
          blockSize: from('measure', 'blockSize'),
        },
        needs: [`room in ${pool === null ? volume.group : `${volume.group}/${pool}`}`, `root on ${host}`],
        estimate: moment,
      }),
      step(pullVolume, {
        id: 'pull',
        host,
        input: { ...made, ...exported, pool, isBlank: from('measure', 'isBlank') },
        needs: ['nobody else has the new volume open'],
        estimate: move,
      }),
      step(proveVolume, {
        id: 'verify',
        host,
        input: { ...made, virtualSize: from('pull', 'virtualSize'), expected: from('pull', 'digest') },
        needs: ['the volume, flushed to its medium'],
        estimate: move,
      }),
    ],
    named: step(nameVolume, {
      id: 'publish',
      host,
      input: { ...made, virtualSize: from('pull', 'virtualSize'), holds: from('compare', 'digest') },
      needs: [`the name ${volumeAddress(volume)} free`],
      estimate: moment,
    }),
  }
}

/** Bytes of the volume: whole extents or blocks; null: the size of the disk is not known before it is measured. */
export function volumeSize({ source, target: { volumes } }: MigrateFacts): number | null {
  const { virtualSize } = source.report
  return volumes && virtualSize !== null ? Math.ceil(virtualSize / volumes.unit) * volumes.unit : null
}

function writable({ format, name }: MigrateFacts['options']): WritableFormat {
  if (isWritable(format)) return format
  throw new DiskError('unsupported-format', { file: name, format, reason: 'it is not written' })
}

function spaceNeeded(facts: MigrateFacts): string {
  const size = predictTargetSize(facts)
  const where = `in ${facts.target.library} on ${facts.target.host}`
  return size === null ? `space ${where}` : `about ${formatBytes(size.about)} free ${where}`
}
