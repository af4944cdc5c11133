import { layerNumbers, type LayerNumber } from '@varve/core/problems/layer-number'
import type { PlanStepView } from '@varve/protocol/plans'
import type { ImageShape, RunImage } from '@varve/protocol/run-images'

/** What a report tells, in the form in which it is shown; null: it is not known, or there is none. */
export type FactValue =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'digest'; readonly digest: string }
  | { readonly kind: 'words'; readonly words: string }
  | null

export interface ChangedFact {
  readonly term: string
  readonly before: FactValue
  readonly after: FactValue
  readonly isSame: boolean
}

export interface ChangedLayer {
  readonly layer: LayerNumber
  /** Whether a step acted on it. */
  readonly isTouched: boolean
  readonly facts: readonly ChangedFact[]
}

/** `made`: it was not there before; `moved`: it was elsewhere; `gone`: it is not there any more. */
export type ChangeKind = 'made' | 'moved' | 'changed' | 'gone'

/** One image of a run as it was and as it is. */
export interface ImageChange {
  readonly kind: ChangeKind
  readonly host: string
  readonly path: string
  /** In the inventory; null: it is not there. */
  readonly image: string | null
  /** What it is compared with, where that is another image. */
  readonly from: { readonly host: string; readonly path: string; readonly image: string | null } | null
  /** From the guest's down to the host's; those that no step acted on and that are as they were are left out. */
  readonly layers: readonly ChangedLayer[]
}

export interface RunChanges {
  readonly changes: readonly ImageChange[]
  /** Images that are new and that no report tells of yet. */
  readonly awaited: readonly RunImage[]
  /** Images that are as they were. */
  readonly same: readonly RunImage[]
}

/** A step, as far as it says what was acted on. */
export type ActedStep = Pick<PlanStepView, 'layer'> & {
  readonly state: string
  readonly result?: Readonly<Record<string, unknown>> | null
}

/** What became of the images of a run that is done. */
export function imagesToChanges(images: readonly RunImage[], steps: readonly ActedStep[]): RunChanges {
  const touched = new Set(steps.flatMap(({ layer, state }) => (state === 'done' ? [layer] : [])))
  // What was elsewhere is told of with the place that it has now.
  const left = new Set(images.flatMap(({ from }) => (from && isGone(images, from) ? [keyOf(from)] : [])))
  const shown = images.filter((image) => !left.has(keyOf(image)))
  const made = shown.filter(({ before, after }) => before === null && after !== null)
  const proven = made.length === 1 ? provenDigest(steps) : null
  const changes: ImageChange[] = []
  const same: RunImage[] = []
  const awaited: RunImage[] = []
  for (const image of shown) {
    const { host, path, from } = image
    const kind = kindOf(image, from !== null && left.has(keyOf(from)))
    const origin = image.before === null ? from : null
    const before = image.before ?? origin?.shape ?? null
    const after =
      image.after && kind === 'made' ? { ...image.after, digest: image.after.digest ?? proven } : image.after
    const layers = layersOf(side(before, origin ?? image), side(after, image), touched)
    if (kind === null) awaited.push(image)
    else if (kind === 'changed' && !layers.some(({ facts }) => facts.some(isChange))) same.push(image)
    else changes.push({ kind, host, path, image: image.image, from: origin, layers })
  }
  return { changes, awaited, same }
}

interface Place {
  readonly host: string
  readonly path: string
}

function keyOf({ host, path }: Place): string {
  return `${host}:${path}`
}

function isGone(images: readonly RunImage[], place: Place): boolean {
  return images.some((one) => keyOf(one) === keyOf(place) && one.before !== null && one.after === null)
}

function kindOf({ before, after }: RunImage, isMoved: boolean): ChangeKind | null {
  if (after === null) return before === null ? null : 'gone'
  if (before !== null) return 'changed'
  return isMoved ? 'moved' : 'made'
}

/** A proof that is new, or that is not one any more, is none of the image itself. */
function isChange({ isSame, before, after }: ChangedFact): boolean {
  const isProof = before?.kind === 'digest' || after?.kind === 'digest'
  return !isSame && (!isProof || (before !== null && after !== null))
}

/** What the last step that read the disk of the result back has found. */
function provenDigest(steps: readonly ActedStep[]): string | null {
  const read = steps.findLast(({ layer, state, result }) => {
    return layer === 'L3' && state === 'done' && typeof result?.['digest'] === 'string'
  })
  const digest = read?.result?.['digest']
  return typeof digest === 'string' ? digest : null
}

interface Side {
  readonly shape: ImageShape
  readonly path: string
}

function side(shape: ImageShape | null, { path }: Place): Side | null {
  return shape && { shape, path }
}

function layersOf(
  before: Side | null,
  after: Side | null,
  touched: ReadonlySet<LayerNumber | 'all'>,
): ChangedLayer[] {
  return layerNumbers.flatMap((layer): ChangedLayer[] => {
    const facts = factsOf(layer).flatMap(({ term, of }): ChangedFact[] => {
      const [was, is] = [before && of(before), after && of(after)]
      if (was === null && is === null) return []
      return [{ term, before: was, after: is, isSame: JSON.stringify(was) === JSON.stringify(is) }]
    })
    const isTouched = touched.has(layer)
    // Of what is gone, all is another.
    const isShown = isTouched || (after !== null && facts.some(({ isSame }) => !isSame))
    return isShown && facts.length > 0 ? [{ layer, isTouched, facts }] : []
  })
}

interface Fact {
  readonly term: string
  readonly of: (side: Side) => FactValue
}

function factsOf(layer: LayerNumber): readonly Fact[] {
  switch (layer) {
    case 'L3':
      return [
        { term: 'Disk', of: ({ shape }) => bytes(shape.virtualSize) },
        {
          term: 'Proven',
          of: ({ shape: { digest } }) => (digest === null ? null : { kind: 'digest', digest }),
        },
      ]
    case 'L2':
      return [
        {
          term: 'Format',
          of: ({ shape: { format, subformat } }) =>
            words(subformat === null ? format : `${format} · ${subformat}`),
        },
        { term: 'Holds', of: ({ shape }) => bytes(shape.dataBytes) },
        {
          term: 'Parent',
          of: ({ shape: { parent } }) => words(parent?.path ?? 'none'),
        },
        { term: 'Identity', of: ({ shape }) => identityOf(shape) },
        { term: 'Snapshots', of: ({ shape }) => words(snapshotWords(shape)) },
      ]
    case 'L1':
      return [
        { term: 'File', of: ({ path }) => words(path) },
        { term: 'Size', of: ({ shape }) => bytes(shape.fileSize) },
        { term: 'On the host', of: ({ shape }) => bytes(shape.allocated) },
      ]
    case 'L7':
    case 'L6':
    case 'L5':
    case 'L4':
      return [{ term: 'Holds', of: ({ shape }) => guestOf(shape, layer) }]
    case 'L0':
      return []
  }
}

function words(text: string): FactValue {
  return { kind: 'words', words: text }
}

function bytes(size: number | null): FactValue {
  return size === null ? null : { kind: 'bytes', bytes: size }
}

function identityOf({ identity }: ImageShape): FactValue {
  switch (identity.kind) {
    case 'none':
      return null
    case 'content-id':
      return words(`content ${identity.cid}`)
    case 'uuid':
      return words(identity.uuid)
  }
}

/** As many names as one line has room for. */
const mostNames = 3

function snapshotWords({ snapshots, snapshotCount }: ImageShape): string {
  if (snapshotCount === 0) return 'none'
  const names = snapshots.slice(0, mostNames).join(', ')
  const more = snapshotCount > mostNames ? ` and ${snapshotCount - mostNames} more` : ''
  return `${names}${more}`
}

function guestOf({ guest }: ImageShape, layer: LayerNumber): FactValue {
  const found = guest.find((one) => one.layer === layer)
  return found ? words(found.summary) : null
}
