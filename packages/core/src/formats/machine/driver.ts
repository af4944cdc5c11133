import { isDiskError } from '../../problems/disk-error.ts'
import type { Problem } from '../../problems/problem.ts'
import { formatBytes } from '../../units/format-bytes.ts'
import { isRecognisedAs } from '../../image/detect-format.ts'
import { factsOrProblem } from '../../image/facts-or-problem.ts'
import type { FormatDriver } from '../../image/format-driver.ts'
import type { ImageFacts } from '../../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../../image/image-files.ts'
import type { NestedImages } from '../../image/nested-images.ts'
import { choicesForParents, type ReadingChoices } from '../../image/reading-choices.ts'
import { checkMachine } from './check.ts'
import { chooseDrive, nameOfDrive, storedDrives, type StoredDrive } from './choose-drive.ts'
import { pathOfDrive } from './drive-path.ts'
import type { MachineDescription, MachineFormat } from './machine-description.ts'

/** Drives that are named in a finding, at most. */
const mostNamed = 8

/** A machine's folder by its definition: each disk is an image of its own, read in place. */
export function machineDriver(machineFormat: MachineFormat, images: NestedImages): FormatDriver {
  const { format, read } = machineFormat
  return {
    format,
    obeys: ['disk', 'vhdBitmap', 'vhdSize', 'rescue'],
    recognises: (ends) => isRecognisedAs(format, ends),
    inspect: (file, ports, choices = {}) =>
      factsOrProblem(format, async () => {
        const machine = await read(file, ports)
        const details = detailsOf(machine)
        const known = { details, parts: storedDrives(machine).map(({ reference }) => reference) }
        const problems = [...machine.problems, ...otherDisks(file.path, machine, choices)]
        try {
          const drive = chooseDrive(machine, choices.disk, file.path)
          const own = await inspectDrive({ file, ports, images, choices }, drive)
          const kind = [machine.kind, own.subformat].filter(Boolean).join(', ')
          return { ...known, ...own, subformat: kind, problems: [...problems, ...(own.problems ?? [])] }
        } catch (error) {
          if (!isDiskError(error, 'extent-file-missing') && !isDiskError(error, 'refused')) throw error
          const { problems: failure } = await factsOrProblem(format, () => Promise.reject(error))
          return { ...known, subformat: machine.kind, problems: [...problems, ...failure] }
        }
      }),
    check: (file, ports, options) => checkMachine({ file, ports, images, machineFormat }, options),
    async openLayer(file, ports, choices = {}) {
      const machine = await read(file, ports)
      const drive = chooseDrive(machine, choices.disk, file.path)
      const path = await pathOfDrive(file, ports, drive)
      const options = { format: null, choices: choicesForParents(choices) }
      await using stack = new AsyncDisposableStack()
      const chain = stack.use(await images.open(path, ports, options))
      const release = stack.move()
      return {
        disk: chain.disk,
        parts: chain.files,
        [Symbol.asyncDispose]: () => release.disposeAsync(),
      }
    },
  }
}

interface Inspected {
  readonly file: ImageFile
  readonly ports: ImagePorts
  readonly images: NestedImages
  readonly choices: ReadingChoices
}

async function inspectDrive(
  { file, ports, images, choices }: Inspected,
  drive: StoredDrive,
): Promise<Partial<ImageFacts>> {
  const path = await pathOfDrive(file, ports, drive)
  const { links, problems } = await images.inspect(path, ports, {
    format: null,
    choices: choicesForParents(choices),
  })
  const { format, subformat, virtualSize, clusterSize, snapshots } = links[0].facts
  return {
    subformat: [format, subformat].filter(Boolean).join(' '),
    virtualSize,
    clusterSize,
    snapshots,
    problems,
  }
}

function detailsOf(machine: MachineDescription): ImageFacts['details'] {
  const { name, uuid, architecture, cpus, memory, firmware, drives, interfaces } = machine
  return {
    name,
    uuid,
    architecture,
    cpus,
    memory: memory === null ? null : formatBytes(memory),
    firmware,
    ...Object.fromEntries(
      drives.slice(0, mostNamed * 4).map((drive) => [nameOfDrive(drive), driveWords(drive)]),
    ),
    ...Object.fromEntries(interfaces.slice(0, mostNamed).map((words, index) => [`net${index + 1}`, words])),
  }
}

function driveWords({ reference, kind, interface: bus, isReadOnly }: MachineDescription['drives'][number]) {
  const what = kind === 'disk' ? [] : [kind === 'disc' ? 'CD' : 'no disk']
  return [
    reference ?? 'no file in the folder',
    ...(bus === null ? [] : [bus]),
    ...what,
    ...(isReadOnly ? ['read-only'] : []),
  ].join(', ')
}

function otherDisks(file: string, machine: MachineDescription, { disk }: ReadingChoices): Problem[] {
  const [first, ...others] = storedDrives(machine).filter(({ kind }) => kind === 'disk')
  if (disk !== undefined || first === undefined || others.length === 0) return []
  const named = others.slice(0, mostNamed).map((drive) => `${nameOfDrive(drive)} (${drive.reference})`)
  return [
    {
      id: 'machine-several-disks',
      severity: 'warn',
      layer: 'L2',
      file,
      message: `The machine has ${others.length + 1} disks; read is ${nameOfDrive(first)}, ${first.reference}, not ${named.join(', ')}.`,
      remedy: `Name the disk that is meant behind a colon, such as :${nameOfDrive(others[0] ?? first)}, or its image.`,
    },
  ]
}
