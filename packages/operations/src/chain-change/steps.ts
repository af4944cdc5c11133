import { isWritable, rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import type { ImageAddress } from '../actions/image-address.ts'
import type { NewImage, Staged } from '../actions/new-image.ts'
import { replaceImage } from '../actions/replace-image.ts'
import { writeImage } from '../actions/write-image.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import { proofStep } from '../plans/staged-steps.ts'
import { freshId, from, type Wired } from '../plans/wired.ts'
import type { LinkFacts } from './facts.ts'

export interface NewInPlace {
  readonly host: string
  /** The image whose disk is written. */
  readonly source: LinkFacts
  /** The image whose place the new one takes, and whose format and kind it gets. */
  readonly target: LinkFacts
  /** Of the file that is replaced, as it is called. */
  readonly path: string
  /** The image that the new one is an overlay of. */
  readonly backing: Pick<LinkFacts, 'path' | 'format'> | null
  /** Whether its disk is that of the image whose place it takes: children then go on to stand on it. */
  readonly isSameDisk: boolean
  /** How the disk is read. */
  readonly reading?: Wired<ImageAddress['reading']>
  readonly compression?: NewImage['compression']
  /** What is looked at in the image that is written, before it takes the place. */
  readonly lookAt?: (image: Omit<Staged, 'staging'>) => DraftStep
}

/** Writes the disk anew beside the image, proves it, and gives it the image's name; the original is kept. */
export function newInPlace(anew: NewInPlace): DraftStep[] {
  const { host, source, target, path, backing, isSameDisk, lookAt } = anew
  const { reading = {}, compression = 'none' } = anew
  const { format, hasExtendedL2, logicalSectorSize, identity } = target
  if (!isWritable(format)) return []
  const { disk } = identity ?? {}
  const kept = isSameDisk ? identity : disk === undefined ? null : { disk }
  const kind = {
    target: path,
    format,
    subformat: subformatOf(target, { format, isOverlay: backing !== null }),
  }
  const estimate = { bytes: source.virtualSize, seconds: null }
  return [
    step(writeImage, {
      id: 'write',
      host,
      input: {
        source: { path: source.path, format: source.format, reading },
        inUse: 'refuse',
        reflink: true,
        image: {
          ...kind,
          staging: freshId,
          compression,
          options: hasExtendedL2 ? { extended_l2: 'on' } : {},
          backing: backing && { path: backing.path, format: backing.format },
          guest: logicalSectorSize === null ? {} : { logicalSectorSize },
          ...(kept && { identity: kept }),
        },
      },
      estimate,
    }),
    proofStep({ host, by: 'write', image: kind }, estimate),
    ...(lookAt ? [lookAt(kind)] : []),
    step(replaceImage, {
      id: 'replace',
      host,
      input: { image: { ...kind, staging: from('write', 'staging') }, quarantine: freshId },
      needs: ['nobody has the image open'],
    }),
  ]
}

interface Kind {
  readonly format: WritableFormat
  readonly isOverlay: boolean
}

/** The kind that the image has, where it is written so; else the usual one. */
function subformatOf({ subformat }: LinkFacts, { format, isOverlay }: Kind): string | null {
  const { subformats, overlay } = rulesOf(format)
  const written = isOverlay ? (overlay?.kinds ?? []) : subformats
  return subformat !== null && written.includes(subformat) ? subformat : null
}
