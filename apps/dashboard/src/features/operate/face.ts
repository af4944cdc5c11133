import type { OperationName } from '@varve/operations/operation-table'
import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow } from '@varve/protocol/images'
import type { ImageReportView } from '@varve/protocol/reports'
import type { ActOn } from '@varve/protocol/roles'

/** What an operation is wished for: an image, or a place for a new one. */
export interface Subject {
  readonly host: string
  /** The library that names are of; null: none is meant. */
  readonly library: string | null
  readonly row: ImageRow | null
  /** Null where only the list is known. */
  readonly report: ImageReportView | null
  /** Names of images that are made over it. */
  readonly children: readonly string[]
  readonly hostView: HostView | null
  /** What an earlier run left, such as the id of its quarantine. */
  readonly quarantine?: string
  /** What is to be released: a device, or a folder that something is mounted at. */
  readonly target?: string
}

/** What was chosen so far. */
export type Values = Readonly<Record<string, string>>

interface FieldBase {
  readonly key: string
  readonly label: string
  readonly width: 'half' | 'third' | 'whole'
  readonly description?: string
}

/** One line of a form. */
export type Field =
  | (FieldBase & {
      readonly kind: 'text'
      readonly placeholder?: string
      /** Why that will not do; null: it will. */
      readonly problem?: (value: string) => string | null
    })
  | (FieldBase & {
      readonly kind: 'choice'
      readonly options: readonly { readonly value: string; readonly label: string }[]
    })

/** What becomes of the image: it says where an action stands, and in which words. */
export type Effect = 'makes' | 'changes' | 'reads' | 'removes'

/** An operation as people see it: its form, and when it is offered. */
export interface Face {
  readonly operation: OperationName
  /** On a button, such as `Clone`. */
  readonly verb: string
  /** Before the name of an image; left out: the verb. */
  readonly verbOf?: string
  /** What it does, in a sentence. */
  readonly about: string
  readonly effect: Effect
  /** Words that find it besides its own. */
  readonly keywords: string
  /** Said when nothing is left to do but to start. */
  readonly ready: string
  /** In the place of `ready`, where that depends on what was chosen. */
  readyFor?(values: Values): string
  /** What it is one of: an image, a host as a place for a new one, or what an operation has left. */
  readonly of: 'image' | 'place' | 'leftover'
  /** Whether it is for many images at once, too. */
  readonly isForMany: boolean
  /** Of many images, these values are each image's own: they follow from its defaults. */
  readonly ownKeys?: readonly string[]
  defaults(subject: Subject): Values
  fields(subject: Subject, values: Values): readonly Field[]
  /** The values with one of them changed, and what follows from it. */
  change?(values: Values, change: Values, subject: Subject): Values
  /** As the operation takes it. */
  request(subject: Subject, values: Values): Record<string, unknown>
  /** Why it is not offered for this image; null: it is. */
  unfit(subject: Subject): string | null
}

/** Why no operation can be planned; null: it can. */
function hostProblem({ hostView, row, host }: Subject): string | null {
  const isAway = hostView ? hostView.state === 'offline' : row?.hostState === 'offline'
  return isAway ? `${host} is offline` : null
}

/** Why the action is not offered now; null: it is. */
export function whyNot(face: Face, subject: Subject): string | null {
  return hostProblem(subject) ?? face.unfit(subject)
}

/** Where it is done, as rights know places. */
export function placesOf({ host, library }: Subject): readonly ActOn[] {
  return [library === null ? { host } : { host, library }]
}

/** The first thing that the form lacks; null: it is filled in. */
export function formProblem(face: Face, subject: Subject, values: Values): string | null {
  for (const field of face.fields(subject, values)) {
    const problem = field.kind === 'text' ? (field.problem?.(values[field.key] ?? '') ?? null) : null
    if (problem !== null) return problem
  }
  return null
}
