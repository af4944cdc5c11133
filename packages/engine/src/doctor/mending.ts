import { dirname } from 'node:path'

/** An operation and its request, as this host takes them. */
export interface MendingWish {
  /** As the table of operations has it. */
  readonly operation: string
  readonly request: Readonly<Record<string, unknown>>
}

/** What mends a finding: for somebody at a shell, and for a program that goes by plan and consent. */
export interface Mending {
  /** Argument vector; null: nothing but a person can. */
  readonly command: readonly string[] | null
  /** Null: no operation does, or somebody has to choose first. */
  readonly wish: MendingWish | null
}

export function mendByMove(source: string, target: string): Mending {
  return {
    command: ['varve', 'move', source, target],
    wish: { operation: 'move', request: { source, target } },
  }
}

/** Into quarantine: what is not needed is never removed by itself. */
export function mendByDelete(image: string): Mending {
  return { command: ['varve', 'delete', image], wish: { operation: 'delete', request: { image } } }
}

export function mendByRepoint(image: string, parent: string): Mending {
  return {
    command: ['varve', 'chain', 'repoint', image, '--parent', parent],
    wish: { operation: 'chain-repoint', request: { image, parent } },
  }
}

export function mendByPurge(id: string, folder: string): Mending {
  return {
    command: ['varve', 'purge', id, '--folder', folder],
    wish: { operation: 'purge', request: { id, folders: [folder] } },
  }
}

/** As `mendByRepoint`, where nothing tells that it is the parent that was meant: somebody has to say so by name. */
export function mendByGuess(image: string, parent: string): Mending {
  return {
    command: ['varve', 'chain', 'repoint', image, '--parent', parent, '--accept', 'parent-unproven'],
    wish: { operation: 'chain-repoint', request: { image, parent, proof: 'waived' } },
  }
}

/** A command that shows more, or does what no operation does: somebody has to choose it. */
export function byCommand(...argv: readonly string[]): Mending {
  return { command: argv, wish: null }
}

export function lookIntoQuarantine(image: string): Mending {
  return byCommand('varve', 'quarantine', dirname(image))
}

/** Somebody has to choose, and there is nothing to look at but what the finding says. */
export const byHand: Mending = { command: null, wish: null }
