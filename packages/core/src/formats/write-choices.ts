import { DiskError } from '../problems/disk-error.ts'
import { rulesOf, type WritableFormat } from './writable-formats.ts'

/**
 * When a new image takes its room. `off`: as data comes. `metadata`: every block has its place, which is a hole until data
 * comes. `falloc`: the file's blocks are reserved. `full`: they are written with zeros.
 */
export type Preallocation = 'off' | 'metadata' | 'falloc' | 'full'

/** The image below an overlay. */
export interface BackingReference {
  /** As the overlay writes it down: relative to its own folder, or absolute. */
  readonly name: string
  /** QEMU's name of its format. */
  readonly format: string
}

/** What some formats let choose beyond their kind; `writableRules` says which. */
export interface WriteChoices {
  /** qcow2: L2 entries of 128 bits, so that a cluster is allocated by 32 subclusters. */
  readonly extendedL2?: boolean
  readonly preallocation?: Preallocation
  /** The image holds only what differs from this one. */
  readonly backing?: BackingReference
}

/** The names of choices as a command line has them. */
export const choiceNames = ['extended_l2', 'preallocation'] as const
export type ChoiceName = (typeof choiceNames)[number]

/** Choices given as `name=value`, or the sentence that says what is wrong with them. */
export function readChoices(
  format: WritableFormat,
  texts: readonly string[],
): { readonly choices: WriteChoices } | { readonly fault: string } {
  const { options = {} } = rulesOf(format)
  let choices: WriteChoices = {}
  for (const text of texts) {
    const cut = text.indexOf('=')
    const name = choiceNames.find((known) => known === text.slice(0, cut))
    const values = name && options[name]
    if (!values) {
      const known = choiceNames.filter((known) => options[known])
      const hint = known.length === 0 ? 'it has none' : `it has ${known.join(' and ')}`
      return { fault: `${format} images have no option ${JSON.stringify(text)}; ${hint}.` }
    }
    const value = text.slice(cut + 1)
    if (!values.includes(value)) return { fault: `${name} is one of ${values.join(', ')}.` }
    choices = { ...choices, ...chosen(name, value) }
  }
  return { choices }
}

function chosen(name: ChoiceName, value: string): WriteChoices {
  if (name === 'extended_l2') return { extendedL2: value === 'on' }
  return { preallocation: preallocations.find((known) => known === value) ?? 'off' }
}

const preallocations: readonly Preallocation[] = ['off', 'metadata', 'falloc', 'full']

/** Why these choices do not go together for `format`, or null. */
export function choiceConflict(
  format: WritableFormat,
  { choices, compression }: { readonly choices: WriteChoices; readonly compression: string },
): string | null {
  const { options = {}, overlay = false } = rulesOf(format)
  const { extendedL2 = false, preallocation = 'off', backing } = choices
  if (backing && !overlay) return `${format} images are not written with a backing file`
  if (extendedL2 && !options.extended_l2) return `${format} images have no extended L2 entries`
  if (preallocation === 'off') return null
  if (!options.preallocation?.includes(preallocation))
    return `${format} images are not written with preallocation=${preallocation}`
  if (compression !== 'none')
    return 'compressed clusters have no size before they are written: no preallocation'
  if (backing) return 'an overlay takes room for what differs only: no preallocation'
  return null
}

/** Throws `refused` when the choices do not go together. */
export function assertChoices(
  format: WritableFormat,
  {
    choices = {},
    compression,
  }: { readonly choices?: WriteChoices | undefined; readonly compression: string },
): void {
  const reason = choiceConflict(format, { choices, compression })
  if (reason === null) return
  throw new DiskError('refused', {
    file: `new ${format} image`,
    reason,
    remedy: 'Leave one of the two choices out.',
  })
}
