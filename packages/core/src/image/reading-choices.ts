import { DiskError } from '../problems/disk-error.ts'
import { formatRules, type FormatName } from './format-rules.ts'

/**
 * What somebody said about how an image is to be read, where its format or its writers leave a choice. Each is said by
 * name and never guessed; what is not said is read as the specification says.
 */
export interface ReadingChoices {
  /** Name or id of an internal snapshot to be read instead of the current state of the disk. */
  readonly snapshot?: string | undefined
  /** Which disk of a package (OVA) is meant. */
  readonly disk?: string | undefined
  /** Whether sectors that a VHD's bitmap calls never written are zeros (`honour`) or their stored bytes (`ignore`). */
  readonly vhdBitmap?: 'honour' | 'ignore' | undefined
  /** Which of the two sizes in a VHD's footer is the disk's. */
  readonly vhdSize?: 'geometry' | 'current' | undefined
  /** Read what would be refused, as far as it goes: for rescue only, proven by nothing. */
  readonly rescue?: boolean | undefined
}

export type ReadingChoiceName = keyof ReadingChoices

interface NamedChoice {
  readonly choice: 'vhdBitmap' | 'vhdSize'
  readonly values: readonly string[]
}

/** The choices that are said as `name=value`, by the name that people use. */
export const namedReadingChoices = {
  'vhd-bitmap': { choice: 'vhdBitmap', values: ['honour', 'ignore'] },
  'vhd-size': { choice: 'vhdSize', values: ['geometry', 'current'] },
} as const satisfies Record<string, NamedChoice>

export type NamedReadingChoice = keyof typeof namedReadingChoices

/** The choices said as `name=value`, or what is wrong with one of them in a sentence. */
export function readReadingChoices(
  words: readonly string[],
): { readonly choices: ReadingChoices } | { readonly fault: string } {
  const choices: Partial<Record<NamedChoice['choice'], string>> = {}
  for (const word of words) {
    const [name = '', ...rest] = word.split('=')
    const value = rest.join('=')
    const known = Object.entries<NamedChoice>(namedReadingChoices).find(([each]) => each === name)?.[1]
    if (!known) {
      const names = Object.keys(namedReadingChoices).join(', ')
      return { fault: `There is no reading choice ${JSON.stringify(name)}; known are ${names}.` }
    }
    if (!known.values.includes(value)) {
      return {
        fault: `${name} is ${known.values.join(' or ')}, not ${value === '' ? 'empty' : JSON.stringify(value)}.`,
      }
    }
    if (choices[known.choice] !== undefined && choices[known.choice] !== value)
      return { fault: `${name} is said twice, and not the same.` }
    choices[known.choice] = value
  }
  return { choices: choices as ReadingChoices }
}

/** What of the choices holds for the parents of an image too: which disk or snapshot is meant does not. */
export function choicesForParents({ vhdBitmap, vhdSize, rescue }: ReadingChoices): ReadingChoices {
  return { vhdBitmap, vhdSize, rescue }
}

const wants = {
  snapshot: (label: string) => `${label} images have no internal snapshots that could be read`,
  disk: (label: string) => `a ${label} image is one disk, not a package of several`,
} as const satisfies Partial<Record<ReadingChoiceName, (label: string) => string>>

/** Throws `refused` when a snapshot or a disk is named in an image whose format has none. */
export function assertChoicesFit(
  choices: ReadingChoices,
  {
    file,
    format,
    obeys,
  }: { readonly file: string; readonly format: FormatName; readonly obeys: readonly ReadingChoiceName[] },
): void {
  for (const name of ['snapshot', 'disk'] as const) {
    if (choices[name] === undefined || obeys.includes(name)) continue
    const reason = `${JSON.stringify(choices[name])} is asked for in it, but ${wants[name](formatRules[format].label)}`
    throw new DiskError('refused', { file, reason, remedy: 'Name the image alone.' })
  }
}
