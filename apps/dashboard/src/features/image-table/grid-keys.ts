/** What a key does in the image list. */
export type GridAction =
  | { readonly do: 'move'; readonly by: number; readonly extends: boolean }
  | { readonly do: 'end'; readonly at: 'first' | 'last' }
  | { readonly do: 'toggle' | 'open' | 'select-all' | 'clear' }

export interface PressedKey {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/** The action of a key, or null for one that is not the list's; `perPage` rows are in view. */
export function keyToAction(pressed: PressedKey, perPage: number): GridAction | null {
  const { key, altKey, shiftKey } = pressed
  if (altKey) return null
  if (pressed.ctrlKey || pressed.metaKey) return key.toLowerCase() === 'a' ? { do: 'select-all' } : null
  const move = (by: number): GridAction => ({ do: 'move', by, extends: shiftKey })
  switch (key) {
    case 'j':
    case 'J':
    case 'ArrowDown':
      return move(1)
    case 'k':
    case 'K':
    case 'ArrowUp':
      return move(-1)
    case 'PageDown':
      return move(perPage)
    case 'PageUp':
      return move(-perPage)
    case 'Home':
      return { do: 'end', at: 'first' }
    case 'End':
      return { do: 'end', at: 'last' }
    case ' ':
      return { do: 'toggle' }
    case 'Enter':
      return { do: 'open' }
    case 'Escape':
      return { do: 'clear' }
    default:
      return null
  }
}

/** Whether a key pressed there belongs to what has the focus, and not to the list. */
export function isElsewhere(target: EventTarget | null, { key }: PressedKey): boolean {
  if (!(target instanceof Element)) return false
  if (document.querySelector('[role="dialog"]') !== null) return true
  if (target.closest('textarea, select, [contenteditable="true"]') !== null) return true
  const input = target.closest('input')
  if (input !== null && input.type !== 'checkbox') return true
  // A button or link that has the focus is pressed by these.
  return (key === 'Enter' || key === ' ') && target.closest('button, a, summary') !== null
}
