import { readFileSync, renameSync, writeFileSync } from 'node:fs'

export interface UtmState {
  /** Whether UTM runs. */
  runs: boolean
  /** False: it is asked from another session, as over SSH. */
  isReachable: boolean
  machines: { id: string; status: string; name: string }[]
}

export interface ParallelsState {
  isConnected: boolean
  machines: {
    id: string
    name: string
    state: string
    home: string
    images: string[]
    snapshots: { id: string; name: string; parent: string; current: boolean }[]
  }[]
}

/** What the stand-ins of `utmctl`, `prlctl`, `vmrun` and `pgrep` keep between calls. */
export interface MachineState {
  utm: UtmState
  parallels: ParallelsState
  /** Paths of `.vmx`. */
  fusion: { running: string[] }
  calls: string[][]
}

export const freshMachines: MachineState = {
  utm: { runs: false, isReachable: true, machines: [] },
  parallels: { isConnected: true, machines: [] },
  fusion: { running: [] },
  calls: [],
}

export function readMachines(path: string): MachineState {
  return JSON.parse(readFileSync(path, 'utf8')) as MachineState
}

export function writeMachines(path: string, state: MachineState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state))
  renameSync(`${path}.new`, path)
}
