import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replayCase, type FuzzCase } from '../testing/fuzz-case.ts'

const folder = join(import.meta.dirname, 'testing/fuzz-seeds')
const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

/** An input that the fuzzer would have stopped at, and what it must come to now. */
interface KeptCase extends FuzzCase {
  readonly outcome: string
}

describe('inputs that were hard once', () => {
  test.each(names)('%s', async (name) => {
    const kept = JSON.parse(readFileSync(join(folder, name), 'utf8')) as KeptCase
    expect((await replayCase(kept)).outcome).toBe(kept.outcome)
  })

  test('there are some', () => expect(names.length).toBeGreaterThan(0))
})
