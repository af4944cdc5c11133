import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExecaToolRunner } from '@varve/agent/tools/execa-tool-runner'
import { platformTools } from '@varve/agent/tools/tool-box'
import { createDisk } from '@varve/engine/disks/create-disk'
import { utmMachine } from '@varve/core/formats/utm/config'
import { pvmMachine } from '@varve/core/formats/pvm/config'
import { nodePorts } from '@varve/engine/ports/ports'
import type { TempPlace } from '@varve/test-kit/temp-place'
import type { MachinePorts } from '../machines/machine-ports.ts'
import { freshMachines, readMachines, writeMachines, type MachineState } from './machine-state.ts'

const word = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
const everyTool = ['utmctl', 'prlctl', 'vmrun', 'pgrep'] as const

/** The products of a Mac for tests: their tools are executables that keep their state, their machines real bundles that Varve writes. */
export interface MachineLab {
  readonly home: string
  readonly ports: MachinePorts
  state(): MachineState
  change(change: (state: MachineState) => void): void
  /** The tools that were called since the last time. */
  calls(): string[][]
  /** A bundle in UTM's own folder, registered and stopped; its image's path. */
  addUtm(name: string): Promise<{ readonly folder: string; readonly image: string; readonly id: string }>
  addParallels(
    name: string,
  ): Promise<{ readonly folder: string; readonly image: string; readonly id: string }>
}

const MiB = 1024 ** 2

/** Opens one in a folder; `without`: tools that are not installed. */
export function openMachineLab(place: TempPlace, without: readonly string[] = []): MachineLab {
  const [tools, home, path] = [place.file('mac-tools'), place.file('home'), place.file('machines.json')]
  mkdirSync(tools, { recursive: true })
  mkdirSync(home, { recursive: true })
  for (const tool of everyTool.filter((each) => !without.includes(each))) {
    const program = join(import.meta.dirname, 'machine-stand-in.ts')
    const call = [process.execPath, '--no-warnings', program, path, tool].map(word).join(' ')
    writeFileSync(join(tools, tool), `#!/bin/sh\nexec ${call} "$@"\n`)
    chmodSync(join(tools, tool), 0o755)
  }
  writeMachines(path, freshMachines)
  const change = (by: (state: MachineState) => void) => {
    const state = readMachines(path)
    by(state)
    writeMachines(path, state)
  }
  const box = platformTools({ table: [], folders: [tools], suffixes: [''], runner: new ExecaToolRunner() })
  return {
    home,
    ports: { tools: box, homes: async () => [home], shared: [] },
    state: () => readMachines(path),
    change,
    calls() {
      const { calls } = readMachines(path)
      change((state) => void (state.calls = []))
      return calls
    },
    async addUtm(name) {
      const documents = join(home, 'Library/Containers/com.utmapp.UTM/Data/Documents')
      const folder = await newBundle(documents, `${name}.utm`, 'utm')
      const [image = ''] = await readdir(join(folder, 'Data'))
      const ports = nodePorts({ roots: null, io: 'async' })
      await using file = await ports.files.open(join(folder, 'config.plist'))
      const { uuid } = await utmMachine.read(file, ports)
      const id = (uuid ?? '').toUpperCase()
      change(({ utm }) => void utm.machines.push({ id, status: 'stopped', name }))
      return { folder, image: join(folder, 'Data', image), id }
    },
    async addParallels(name) {
      const folder = await newBundle(join(home, 'Parallels'), `${name}.pvm`, 'pvm')
      const ports = nodePorts({ roots: null, io: 'async' })
      await using file = await ports.files.open(join(folder, 'config.pvs'))
      const { uuid } = await pvmMachine.read(file, ports)
      const id = uuid ?? ''
      const image = join(folder, 'harddisk1.hdd')
      change(({ parallels }) => {
        parallels.machines.push({ id, name, state: 'stopped', home: folder, images: [image], snapshots: [] })
      })
      return { folder, image, id }
    },
  }
}

async function newBundle(place: string, name: string, format: 'utm' | 'pvm'): Promise<string> {
  const folder = join(place, name)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, format === 'utm' ? 'config.plist' : 'config.pvs')
  await createDisk({ path, name, virtualSize: 16 * MiB, format })
  await readFile(path)
  return folder
}
