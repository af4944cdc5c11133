import { readMachines, writeMachines, type MachineState } from './machine-state.ts'

interface Answer {
  readonly stdout?: string
  readonly stderr?: string
  readonly exitCode?: number
}

const [path = '', tool = '', ...args] = process.argv.slice(2)
const state = readMachines(path)
state.calls.push([tool, ...args])
const tools: Readonly<Record<string, (state: MachineState, args: readonly string[]) => Answer>> = {
  utmctl,
  prlctl,
  vmrun,
  pgrep: ({ utm }, [option, name]) => ({
    exitCode: option === '-x' && name === 'UTM' && utm.runs ? 0 : 1,
    stdout: utm.runs ? '4242\n' : '',
  }),
}
const { stdout = '', stderr = '', exitCode = 0 } = tools[tool]?.(state, args) ?? { exitCode: 127 }
writeMachines(path, state)
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = exitCode

function utmctl({ utm }: MachineState, [verb, name]: readonly string[]): Answer {
  // Whoever asks UTM starts it.
  utm.runs = true
  if (!utm.isReachable)
    return {
      stderr:
        'Error from event: The operation couldn’t be completed. (OSStatus error -600.)\nNOTE: utmctl does not work from SSH sessions or before logging in.\n',
    }
  if (verb === 'list') {
    const lines = utm.machines.map((one) => `${one.id} ${one.status.padEnd(8)} ${one.name}`)
    return { stdout: ['UUID                                 Status   Name', ...lines, ''].join('\n') }
  }
  const machine = utm.machines.find((one) => one.id === name || one.name === name)
  if (!machine) return { stderr: 'Error: Virtual machine not found.\n', exitCode: 1 }
  const next = { start: 'started', stop: 'stopped', suspend: 'paused' }[verb ?? '']
  if (next !== undefined) machine.status = next
  return { stdout: verb === 'status' ? `${machine.status}\n` : '' }
}

function prlctl({ parallels }: MachineState, [verb, name]: readonly string[]): Answer {
  if (!parallels.isConnected) return { stderr: 'Unable to connect to Parallels Service.\n', exitCode: 255 }
  if (verb === 'list') {
    const list = parallels.machines.map(({ id, name: label, state: now, home, images }) => ({
      ID: id,
      Name: label,
      Type: 'VM',
      State: now,
      Home: `${home}/`,
      Security: { Encrypted: 'no' },
      Hardware: Object.fromEntries(
        images.map((image, index) => [`hdd${index}`, { enabled: true, port: `sata:${index}`, image }]),
      ),
    }))
    return { stdout: `${JSON.stringify(list).replaceAll('/', String.raw`\/`)}\n` }
  }
  const machine = parallels.machines.find((one) => `{${one.id}}` === name || one.name === name)
  if (!machine)
    return { stderr: 'Failed to get VM config: The virtual machine could not be found.\n', exitCode: 255 }
  if (verb === 'snapshot-list') {
    const { snapshots } = machine
    const entries = snapshots.map(({ id, ...rest }) => [
      `{${id}}`,
      { date: '2025-03-11 10:22:41', state: 'poweroff', ...rest },
    ])
    return { stdout: snapshots.length === 0 ? '' : JSON.stringify(Object.fromEntries(entries)) }
  }
  const next = { start: 'running', stop: 'stopped', suspend: 'suspended', pause: 'paused' }[verb ?? '']
  if (next !== undefined) machine.state = next
  return {}
}

function vmrun({ fusion }: MachineState): Answer {
  return { stdout: [`Total running VMs: ${fusion.running.length}`, ...fusion.running, ''].join('\n') }
}
