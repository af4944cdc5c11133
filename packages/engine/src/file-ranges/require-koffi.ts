import { createRequire } from 'node:module'

export type SystemCall = (...args: readonly unknown[]) => number | bigint

/** What of koffi is used here; its own types are `any` throughout. */
export interface Koffi {
  /** Null: what this program itself has. */
  load(path: string | null): {
    func(definition: string): SystemCall
    /** A name that C has no letters for. */
    func(name: string, result: string, takes: readonly string[]): SystemCall
  }
  errno(): number
  readonly os: { readonly errno: Readonly<Record<string, number>> }
}

/** Loads koffi, which takes about ten milliseconds; the bundle puts a shorter way here. */
export function requireKoffi(): Koffi {
  return createRequire(import.meta.url)('koffi')
}
