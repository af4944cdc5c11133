import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { changeMac, freshMac, readMac, writeMac, type MacState } from './mac-state.ts'

/** A Mac of the tests: its tools are executables that keep what they do in a file. */
export interface MacStandIn {
  /** Where its tools lie. */
  readonly tools: string
  state(): MacState
  change(change: (state: MacState) => void): void
  reset(): void
  /** The tools that were called since the last time, without those that only read. */
  calls(): string[][]
}

const word = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The one that keeps its state in that folder. */
export function openMac(folder: string): MacStandIn {
  const tools = join(folder, 'mac-tools')
  const path = join(folder, 'mac.json')
  mkdirSync(tools, { recursive: true })
  for (const tool of ['hdiutil', 'diskutil']) {
    const program = join(import.meta.dirname, `${tool}-stand-in.ts`)
    const line = ['exec', word(process.execPath), '--no-warnings', word(program), word(path), '"$@"'].join(
      ' ',
    )
    writeFileSync(join(tools, tool), `#!/bin/sh\n${line}\n`)
    chmodSync(join(tools, tool), 0o755)
  }
  if (!existsSync(path)) writeMac(path, freshMac)
  return {
    tools,
    state: () => readMac(path),
    change: (change) => changeMac(path, change),
    reset: () => changeMac(path, (state) => Object.assign(state, structuredClone(freshMac))),
    calls: () => changeMac(path, (state) => state.calls.splice(0)),
  }
}
