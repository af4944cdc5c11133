import type { LayerNumber } from '@varve/core/problems/layer-number'
import type { z } from 'zod'

/** Actions that move a whole disk share one lane, so that a host is not overrun; the others never wait for them. */
export type Lane = 'transfer' | 'short'

/** What one action does, as a call that can be shown, run, journaled, undone and printed. */
export interface ActionCall {
  readonly action: string
  /** As the action's `input` says. */
  readonly input: unknown
}

export interface ActionWords {
  /** For a list of steps, such as `Write qcow2`. */
  readonly title: string
  /** What it does, as a sentence. */
  readonly does: string
}

/** What an action is, for everyone: on every host, in plans, journals and screens. */
export interface Action<Input = unknown, Outcome = unknown> {
  /** Stable, in kebab-case. */
  readonly name: string
  /** The one layer that it acts on; `all`: it reads and changes none. */
  readonly layer: LayerNumber | 'all'
  readonly lane: Lane
  /** How often it is tried when what failed may pass by itself (`isRetryable`). */
  readonly attempts: number
  /** Whether there is no way back once it has begun. */
  readonly isFinal: boolean
  /** Its effect lives only as long as a process: a later attempt of a step that uses its outcome calls it again. */
  readonly isHeld?: true
  /**
   * It reads, or makes, changes and removes what has no name yet, or what only the running machine has: its beginning need not
   * be on the medium before it begins, only before the next step that is not so. After a restart of the machine it is done anew.
   */
  readonly isHidden?: true
  /** What it did is gone when the machine starts anew: a run that goes on asks its host (`isDone`) whether it is there. */
  readonly isOfMachine?: true
  readonly input: z.ZodType<Input>
  readonly outcome: z.ZodType<Outcome>
  words(input: Input): ActionWords
  /** What it found or did, in a few words. */
  told(outcome: Outcome): string
  /** What undoes it, in this order, as data; `outcome` is null when it did not come to its end. Each call may be repeated. */
  undo(input: Input, outcome: Outcome | null): readonly ActionCall[]
  /** For a held action: the error when what a second call gave is not the same thing any more; else null. */
  differs?(first: Outcome, second: Outcome): Error | null
}

const defined = new Map<string, Action>()

/** The actions whose modules are loaded, by name. */
export const definedActions: ReadonlyMap<string, Action> = defined

/** Says the types of an action once, and makes it known by its name. */
export function defineAction<Input, Outcome>(action: Action<Input, Outcome>): Action<Input, Outcome> {
  defined.set(action.name, action)
  return action
}

export type InputOf<A> = A extends Action<infer Input, infer _> ? Input : never
export type OutcomeOf<A> = A extends Action<infer _, infer Outcome> ? Outcome : never

/** A typed call: `call(discardStaged, { … })`. */
export function call<Input>(
  action: { readonly name: string; readonly input: z.ZodType<Input> },
  input: Input,
): ActionCall {
  return { action: action.name, input }
}
