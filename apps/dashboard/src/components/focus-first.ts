/** As a `ref`: what has just been opened by a press begins there. */
export function focusFirst(input: HTMLInputElement | null): void {
  input?.focus()
}
