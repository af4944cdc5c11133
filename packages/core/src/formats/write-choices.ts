import { formatWholeBytes } from '../units/format-bytes.ts'
import { parseBytes } from '../units/parse-bytes.ts'
import { DiskError } from '../problems/disk-error.ts'
import {
  choiceNames,
  type ChoiceName,
  type ChoiceValues,
  rulesOf,
  type WritableFormat,
} from './writable-formats.ts'
import type { Preallocation, WriteChoices } from '../image/image-choices.ts'

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
    const fault = valueFault(name, value, values)
    if (fault !== null) return { fault }
    choices = { ...choices, ...chosen(name, value) }
  }
  return { choices }
}

function valueFault(name: ChoiceName, value: string, values: ChoiceValues): string | null {
  if (!('kind' in values)) return values.includes(value) ? null : `${name} is one of ${values.join(', ')}.`
  const { kind, least, most } = values
  const number = kind === 'size' ? memoryOf(value) : countOf(value)
  if (number !== null && number >= least && number <= most) return null
  if (kind === 'count') return `${name} is a whole number from ${least} to ${most}.`
  return `${name} is a size such as 512M or 4G, in whole MiB, from ${formatWholeBytes(least)} to ${formatWholeBytes(most)}.`
}

function countOf(text: string): number | null {
  return /^\d{1,9}$/u.test(text) ? Number(text) : null
}

/** Of memory, GB is never anything but GiB. */
function memoryOf(text: string): number | null {
  return /[MGT](?:i?B)?$/iu.test(text) ? parseBytes(text.replace(/(?<=[MGT])B$/iu, '')) : null
}

function chosen(name: ChoiceName, value: string): WriteChoices {
  switch (name) {
    case 'extended_l2':
      return { extendedL2: value === 'on' }
    case 'preallocation':
      return { preallocation: preallocations.find((known) => known === value) ?? 'off' }
    case 'logical_sector_size':
      return { logicalSectorSize: value === '4096' ? 4096 : 512 }
    case 'cpus':
      return { cpus: Number(value) }
    case 'memory':
      return { memory: memoryOf(value) ?? 0 }
    case 'firmware':
      return { firmware: value === 'efi' ? 'efi' : 'bios' }
    case 'architecture':
      return { architecture: value === 'aarch64' ? 'aarch64' : 'x86_64' }
    case 'guest':
      return { guest: value === 'windows' ? 'windows' : 'linux' }
  }
}

const preallocations: readonly Preallocation[] = ['off', 'metadata', 'falloc', 'full']

const ownChoices = [
  ['logicalSectorSize', 'logical_sector_size'],
  ['cpus', 'cpus'],
  ['memory', 'memory'],
  ['firmware', 'firmware'],
  ['architecture', 'architecture'],
  ['guest', 'guest'],
] as const satisfies readonly (readonly [keyof WriteChoices, ChoiceName])[]

interface ChosenWrite {
  readonly compression: string
  readonly subformat?: string | null | undefined
}

/** Why no such machine starts, or null. */
function machineConflict(
  { architecture, firmware, guest }: WriteChoices,
  subformat: string | null | undefined,
): string | null {
  if (architecture === 'aarch64' && firmware === 'bios')
    return 'a machine of aarch64 starts by UEFI only (firmware=efi)'
  if (subformat !== 'apple') return null
  if (architecture === 'x86_64')
    return 'the kind apple runs guests of aarch64; those of x86_64 run in the kind qemu'
  if (firmware === 'bios') return 'machines of the kind apple start by UEFI only (firmware=efi)'
  return guest === 'windows' ? 'the kind apple runs no Windows; the kind qemu does' : null
}

/** Why these choices do not go together for `format`, or null. */
export function choiceConflict(
  format: WritableFormat,
  { choices, compression, subformat }: ChosenWrite & { readonly choices: WriteChoices },
): string | null {
  const { options = {}, overlay } = rulesOf(format)
  const { extendedL2 = false, preallocation = 'off', backing } = choices
  if (backing && !overlay) return `${format} images are not written with a backing file`
  if (extendedL2 && !options.extended_l2) return `${format} images have no extended L2 entries`
  for (const [key, name] of ownChoices) {
    if (choices[key] !== undefined && !options[name]) return `${format} images have no ${name}`
  }
  const machine = machineConflict(choices, subformat)
  if (machine !== null) return machine
  if (preallocation === 'off') return null
  if (![options.preallocation ?? []].flat().includes(preallocation))
    return `${format} images are not written with preallocation=${preallocation}`
  if (compression !== 'none')
    return 'compressed clusters have no size before they are written: no preallocation'
  if (backing) return 'an overlay takes room for what differs only: no preallocation'
  return null
}

/** Throws `refused` when the choices do not go together. */
export function assertChoices(
  format: WritableFormat,
  { choices = {}, compression, subformat }: ChosenWrite & { readonly choices?: WriteChoices | undefined },
): void {
  const reason = choiceConflict(format, { choices, compression, subformat })
  if (reason === null) return
  throw new DiskError('refused', {
    file: `new ${format} image`,
    reason,
    remedy: 'Leave one of the two choices out.',
  })
}
