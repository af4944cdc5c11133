/** How long is waited for what macOS does by itself. */
export interface Waits {
  /** Milliseconds before each further attempt to detach what is busy. */
  readonly busyMs: readonly number[]
  /** Milliseconds for what was begun to come all the same, after it was given up. */
  readonly lateMs: number
  /** Milliseconds between two looks. */
  readonly everyMs: number
}

/** Spotlight and file system checks let go within seconds. */
export const usualWaits: Waits = { busyMs: [500, 1000, 2000, 4000, 8000], lateMs: 15_000, everyMs: 500 }
