import type { DiskWriterOptions, WriterFormat } from '../../image/disk-writer.ts'
import { machineWriter } from '../machine/machine-writer.ts'
import { newMachine } from '../machine/new-machine.ts'
import { parallelsWriter } from '../parallels/writer.ts'
import { descriptorName } from '../parallels/descriptor-name.ts'
import { bundleImageName } from '../parallels/write-descriptor.ts'
import { assertSize } from '../writable-sizes.ts'
import { assertChoices } from '../write-choices.ts'
import { pvmConfig } from './write-config.ts'

/** Room for the configuration, which has a few thousand bytes. */
const largestConfig = 16 * 1024
/** As Parallels calls the first disk of a machine. */
const diskName = 'harddisk1.hdd'
const disk = { subformat: 'bundle', name: diskName, choices: undefined } as const

/**
 * Writes bundles of Parallels Desktop: `config.pvs`, which is the image, and the disk `harddisk1.hdd` beside it, with the
 * empty file of its own name that Parallels opens it by.
 */
export const pvmWriter: WriterFormat = {
  format: 'pvm',
  unit: parallelsWriter.unit,
  hasIdentity: true,
  stateSize(options) {
    assertFits(options)
    return parallelsWriter.stateSize({ ...options, ...disk })
  },
  open(options) {
    assertFits(options)
    const machine = newMachine(options, { ending: /\.pvm$/iu, usual: 'x86_64' })
    const { virtualSize } = options
    return machineWriter({
      disk: parallelsWriter.open({ ...options, ...disk }),
      diskFiles: 2,
      definition: pvmConfig(machine, { diskName, virtualSize, file: options.name ?? `${machine.name}.pvm` }),
    })
  },
  parts: () => [descriptorName, bundleImageName(diskName), diskName].map((name) => `${diskName}/${name}`),
  measure: (options) => largestConfig + parallelsWriter.measure({ ...options, ...disk }),
}

function assertFits(
  options: Parameters<WriterFormat['stateSize']>[0] & Pick<DiskWriterOptions, 'subformat'>,
) {
  assertSize('pvm', options)
  assertChoices('pvm', options)
}
