import { isDeepStrictEqual } from 'node:util'

/** What a test that ran there came to. */
export interface Told {
  readonly name: string
  /** Null: it passed. */
  readonly error: string | null
}

interface Planned {
  readonly name: string
  readonly run: () => unknown
}

const planned: Planned[] = []
let prefix = ''

/** As much of vitest as contracts use, where vitest itself does not run; `runPlanned` runs them. */
export function describe(name: string, plan: () => void): void {
  const outer = prefix
  prefix = `${outer}${name} > `
  plan()
  prefix = outer
}

export function test(name: string, run: () => unknown): void {
  planned.push({ name: prefix + name, run })
}

class Matching {
  readonly expected: object
  constructor(expected: object) {
    this.expected = expected
  }
  takes(actual: unknown): boolean {
    if (typeof actual !== 'object' || actual === null) return false
    return Object.entries(this.expected).every(([key, value]) =>
      isDeepStrictEqual((actual as Record<string, unknown>)[key], value),
    )
  }
}

function check(isHeld: boolean, actual: unknown, words: string, expected?: unknown): void {
  if (isHeld) return
  const shown = [actual, expected].map((value) => JSON.stringify(value)?.slice(0, 300))
  throw new Error(`${shown[0]} ${words} ${shown[1] ?? ''}`)
}

export function expect(actual: unknown) {
  return {
    toBe: (expected: unknown) => check(Object.is(actual, expected), actual, 'is not', expected),
    toBeNull: () => check(actual === null, actual, 'is not null'),
    toEqual: (expected: unknown) =>
      check(isDeepStrictEqual(actual, expected), actual, 'does not equal', expected),
    toBeGreaterThan: (least: number) => check(Number(actual) > least, actual, 'is not greater than', least),
    toBeLessThanOrEqual: (most: number) => check(Number(actual) <= most, actual, 'is greater than', most),
    toThrow(expected: Matching) {
      let thrown: unknown = null
      try {
        ;(actual as () => unknown)()
      } catch (error) {
        thrown = error
      }
      check(expected.takes(thrown), String(thrown), 'is not', expected.expected)
    },
  }
}

expect.objectContaining = (expected: object) => new Matching(expected)

/** Runs everything that was planned and writes what it came to as one line of JSON. */
export async function runPlanned(): Promise<void> {
  const told: Told[] = []
  for (const { name, run } of planned) {
    try {
      await run()
      told.push({ name, error: null })
    } catch (error) {
      told.push({ name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.stdout.write(`${JSON.stringify(told)}\n`)
}
