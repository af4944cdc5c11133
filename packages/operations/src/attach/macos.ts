import type { FormatName } from '@varve/core/image/format-rules'
import { isBlocking, type Problem } from '@varve/core/problems/problem'
import { formatBytes } from '@varve/core/units/format-bytes'
import { attachDiskImage } from '../actions/attach-disk-image.ts'
import type { DiskImageBy } from '../actions/mac-disk.ts'
import { baseName } from '../actions/path-words.ts'
import {
  inOrder,
  quick,
  step,
  wholeEstimate,
  type DraftStep,
  type Plan,
  type Refusal,
} from '../plans/plan.ts'
import { shellWord } from '../plans/shown.ts'
import { freshId } from '../plans/wired.ts'
import type { AttachFacts, DeviceWays, MacWays } from './facts.ts'
import { alreadyProblems, refusing, writtenProblems } from './problems.ts'
import type { AttachRequest } from './request.ts'
import type { Wanted } from './ways.ts'

/** Makes an image a disk of macOS, by its own tools. */
export function planOnMacos(request: AttachRequest, facts: AttachFacts, macos: MacWays): Plan | Refusal {
  const { isWritten } = request
  const wanted: Wanted = { isWritten, isThrowAway: false }
  const problems = [
    ...macAttachProblems({ request, facts, wanted, verb: 'attach' }),
    ...alreadyProblems(facts, 'attach'),
  ]
  const blocking = problems.filter(isBlocking)
  const by = macWay(facts, macos)
  if (blocking.length > 0 || by === null) return { kind: 'refusal', operation: 'attach', problems: blocking }
  const { host, image, virtualSize } = facts
  const steps = inOrder([macAttachStep({ request, facts, wanted, by, purpose: 'attach' })])
  const size = virtualSize === null ? '' : `, a disk of ${formatBytes(virtualSize)},`
  return {
    kind: 'plan',
    operation: 'attach',
    summary: `Attach ${baseName(image)}${size} ${isWritten ? 'for writing' : 'read-only'} (${toolWords[by]})`,
    steps,
    warnings: problems,
    subjects: isWritten ? [{ host, path: image }] : [],
    estimate: wholeEstimate(steps),
  }
}

const toolWords: Readonly<Record<DiskImageBy, string>> = { hdiutil: 'hdiutil', diskutil: 'diskutil image' }

interface MacAttaching {
  readonly request: AttachRequest
  readonly facts: AttachFacts
  readonly wanted: Wanted
}

/** The step that attaches; it names the attachment and the disk. */
export function macAttachStep({
  request,
  facts,
  wanted: { isWritten, isThrowAway },
  by,
  purpose,
}: MacAttaching & { readonly by: DiskImageBy; readonly purpose: 'attach' | 'mount' }): DraftStep {
  const { host, image, format, sectorSize, shadow } = facts
  const isRaw = format === 'raw'
  return step(attachDiskImage, {
    id: 'attach',
    host,
    input: {
      attachment: freshId,
      image,
      by,
      isRaw,
      ...(isRaw && sectorSize === 4096 && { sectorSize }),
      isReadOnly: !isWritten,
      shadow: isThrowAway ? (shadow ?? null) : null,
      isEncrypted: request.isEncrypted,
      purpose,
    },
    estimate: quick,
    ...(isWritten && { needs: ['nobody else uses the image'] }),
  })
}

const ofHdiutil: ReadonlySet<FormatName> = new Set(['raw', 'udif', 'sparseimage', 'sparsebundle'])
const writtenInPlace: ReadonlySet<FormatName> = new Set(['raw', 'sparseimage', 'sparsebundle', 'asif'])

/** What macOS attaches it by; null: it does not. */
export function macWay(
  { format, isPlainRaw }: Pick<AttachFacts, 'format' | 'isPlainRaw'>,
  { hasImages }: MacWays,
): DiskImageBy | null {
  if (format === null) return null
  if (format === 'asif') return hasImages ? 'diskutil' : null
  return ofHdiutil.has(format) && (format !== 'raw' || isPlainRaw) ? 'hdiutil' : null
}

/** What speaks against making a disk of macOS of the image, and what it takes besides. */
export function macAttachProblems({
  request,
  facts,
  wanted,
  verb,
}: MacAttaching & { readonly verb: 'attach' | 'mount' }): Problem[] {
  const host = macosProblems(facts)
  if (host.length > 0) return host
  return [
    ...lockedProblems(request, facts),
    ...formatProblems(facts, verb),
    ...choiceProblems(request, facts),
    ...writableProblems(facts, wanted, verb),
    ...shadowProblems(facts, wanted),
    ...writtenProblems(facts, wanted),
  ]
}

/** Why this Mac attaches and detaches nothing. */
export function macosProblems({
  ways: { macos },
  image,
}: {
  readonly ways: Pick<DeviceWays, 'macos'>
  readonly image: string
}): Problem[] {
  if (macos === undefined || macos.unasked === null) return []
  return [
    refusing(image, 'no-way', {
      why: `hdiutil and diskutil could not be asked: ${macos.unasked}`,
      remedy: `See whether hdiutil info works in a terminal. ${served(image)}`,
    }),
  ]
}

function shadowProblems({ image, shadow }: AttachFacts, { isThrowAway }: Wanted): Problem[] {
  if (!isThrowAway || shadow !== undefined) return []
  return [
    refusing(image, 'no-way', {
      why: 'its journal can only be replayed into a throw-away shadow file, and this host keeps no files',
      remedy: served(image),
    }),
  ]
}

const served = (image: string) => `Serve it instead: varve serve ${shellWord(image)}`

/** That it is encrypted is no hindrance for who gives its passphrase: macOS opens it, not Varve. */
function lockedProblems({ isEncrypted }: AttachRequest, { problems, image }: AttachFacts): Problem[] {
  const isLocked = problems.some(({ id }) => id === 'encrypted')
  const others = problems.filter(({ id }) => id !== 'encrypted')
  if (isLocked === isEncrypted) return others
  const refused = isLocked
    ? {
        why: 'it is encrypted',
        remedy: 'Give its passphrase on standard input, with --passphrase.',
      }
    : { why: 'it is not encrypted, and a passphrase was given', remedy: 'Leave --passphrase out.' }
  return [...others, refusing(image, isLocked ? 'encrypted' : 'not-encrypted', refused)]
}

function formatProblems(
  { ways, format, isPlainRaw, image }: AttachFacts,
  verb: 'attach' | 'mount',
): Problem[] {
  if (format === null || ways.macos === undefined) return []
  if (macWay({ format, isPlainRaw }, ways.macos) !== null) return []
  const own = shellWord(image)
  if (format === 'asif')
    return [
      refusing(image, 'no-way', {
        why: 'ASIF is attached by diskutil image, which macOS has from version 26 on',
        remedy: `Update macOS, or convert it: varve convert ${own} NEW.raw, and ${verb} that. ${served(image)}`,
      }),
    ]
  const why =
    format === 'raw'
      ? 'its bytes are not the disk one by one, as the size, a snapshot or a choice of how it is read says otherwise'
      : `macOS attaches UDIF, raw, sparse images, sparse bundles and ASIF, and this is ${format}`
  return [
    refusing(image, 'no-way', {
      why,
      remedy: `Convert it first: varve convert ${own} NEW.raw, and ${verb} that; or serve it: varve serve ${own}`,
    }),
  ]
}

function choiceProblems({ image: { reading } }: AttachRequest, { format, image }: AttachFacts): Problem[] {
  if (format === null || format === 'raw') return []
  if (Object.values(reading).every((choice) => choice === undefined || choice === false)) return []
  return [
    refusing(image, 'no-way', {
      why: 'macOS reads it by rules of its own, and nothing can be chosen',
      remedy: `Leave the choice out, or serve it as chosen: varve serve ${shellWord(image)}`,
    }),
  ]
}

function writableProblems(
  { format, image }: AttachFacts,
  { isWritten }: Wanted,
  verb: 'attach' | 'mount',
): Problem[] {
  if (!isWritten || format === null || writtenInPlace.has(format) || !ofHdiutil.has(format)) return []
  return [
    refusing(image, 'not-written-in-place', {
      why: 'a compressed or read-only UDIF is never written to',
      remedy: `Convert it first: varve convert ${shellWord(image)} NEW.raw; or ${verb} it without --rw.`,
    }),
  ]
}
