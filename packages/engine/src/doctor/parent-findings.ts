import { isDiskError, quote } from '@varve/core/problems/disk-error'
import type { KeptImage } from '../quarantine/entry.ts'
import { finding, type Diagnosis } from './diagnosis.ts'
import { byCommand, byHand, lookIntoQuarantine, mendByGuess, mendByRepoint, type Mending } from './mending.ts'
import type { SeenImage } from './look-at-images.ts'
import {
  guessedParent,
  guessedPlaces,
  soughtPlaces,
  type Around,
  type ParentPlaces,
} from './parent-places.ts'

/** Missing, moved and stale parents. */
export function parentFindings(image: SeenImage, around: Around): Diagnosis[] {
  const circle = circleFindings(image)
  if (circle.length > 0) return circle
  const found: Diagnosis[] = []
  // A parent that is missing is told where it is named, not again by all that stand on that image.
  if (image.missingNames.length > 0 && image.namedBy === image.path)
    found.push(missingFinding(image, soughtPlaces(image, around)))
  for (const failure of image.failures) {
    if (failure.code !== 'parent-mismatch' || failure.file !== image.path) continue
    found.push({ ...finding(image, stale(failure.message, failure.remedy, image)), message: failure.message })
  }
  const guessed = guessedParent(image)
  for (const remark of image.remarks) {
    if (remark.severity === 'info' || remark.file !== image.path) continue
    const { id, message, remedy } = remark
    const isGuess = id === 'other-name-taken' && guessed !== null
    const said = isGuess
      ? takenFrom(guessed, image, guessedPlaces(image, around))
      : stale(message, remedy, image)
    found.push({ ...finding(image, { ...said, message, details: { ...said.details, remark: id } }), message })
  }
  return found
}

/** Each that is part of it is told, and not again all that stand on one of them. */
function circleFindings(image: SeenImage): Diagnosis[] {
  return image.failures.flatMap((failure) => {
    if (!isDiskError(failure, 'chain-loop') || !failure.details.path.includes(image.path)) return []
    const { message, remedy, layer, details } = failure
    const look = byCommand('varve', 'chain', 'show', image.path)
    const said = {
      id: 'chain-loop',
      severity: 'block',
      layer,
      message,
      remedy,
      details: { path: details.path },
    } as const
    return [{ ...finding(image, { ...said, ...look }), message }]
  })
}

/** It was read from where it lies now, and not from where the image says. Compared with itself it would prove nothing. */
function takenFrom(parent: string, { path }: SeenImage, places: ParentPlaces) {
  const { quarantined } = places
  const images = places.images.map((one) => one.path)
  const about = { id: 'parent-moved', severity: 'warn', layer: 'L2' } as const
  const isOnly = quarantined.length === 0 && images.every((one) => one === parent)
  if (isOnly) {
    const remedy = 'Make sure that it is the file that was meant: nothing in the image tells whether it is.'
    return { ...about, remedy, details: {}, ...mendByGuess(path, parent) }
  }
  const candidates = [...new Set([parent, ...images])]
  return {
    ...about,
    remedy: chooseFrom(candidates, quarantined),
    ...wayToChoose(path, quarantined),
    details: { candidates: [...candidates, ...quarantined.map(({ image }) => image)] },
  }
}

function stale(message: string, remedy: string, { path }: SeenImage) {
  const look = byCommand('varve', 'chain', 'show', path)
  return { id: 'parent-stale', severity: 'warn', layer: 'L2', message, remedy, details: {}, ...look } as const
}

/** A file of the same name elsewhere in the folder may be the one: repointing proves or asks. */
function missingFinding(image: SeenImage, { images, quarantined, clear }: ParentPlaces): Diagnosis {
  const [named = 'an image without a name'] = image.missingNames
  const candidates = images.map(({ path }) => path)
  const about = { severity: 'block', layer: 'L2' } as const
  if (clear !== null)
    return finding(image, {
      ...about,
      id: 'parent-moved',
      message: `its parent ${quote(named)} is not there; ${image.soughtIdentities.length > 0 ? 'the file of that name that has its identity' : 'a file of that name'} lies at ${quote(clear.path)}`,
      remedy: 'Name that one as its parent, if it is the same disk.',
      ...mendByRepoint(image.path, clear.path),
      details: { parent: named, found: clear.path },
    })
  const isKnown = candidates.length + quarantined.length > 0
  return finding(image, {
    ...about,
    id: 'parent-missing',
    message: `its parent ${quote(named)} is not there, and the disk cannot be read without it`,
    remedy: isKnown
      ? chooseFrom(candidates, quarantined)
      : `Put ${quote(named)} back, from a backup or from quarantine.`,
    ...(isKnown ? wayToChoose(image.path, quarantined) : lookIntoQuarantine(image.path)),
    details: { parent: named, candidates: [...candidates, ...quarantined.map((one) => one.image)] },
  })
}

function chooseFrom(paths: readonly string[], quarantined: readonly KeptImage[]): string {
  const kept = quarantined.map(
    ({ image, id }) => `${quote(image)}, which is in quarantine (varve restore ${id})`,
  )
  const all = [...paths.map(quote), ...kept]
  const [only, ...others] = all
  if (only !== undefined && others.length === 0)
    return `Only ${only} has that name. Make sure that it is the one that was meant before you name it with varve chain repoint.`
  return `Several have that name, and one of them is the parent: ${all.join('; ')}. Make sure which one was meant, and name it with varve chain repoint.`
}

function wayToChoose(image: string, quarantined: readonly KeptImage[]): Mending {
  return quarantined.length > 0 ? lookIntoQuarantine(quarantined[0]?.image ?? image) : byHand
}
