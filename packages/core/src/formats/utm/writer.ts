import { deriveUuid } from '../../binary/derive-uuid.ts'
import { formatUuid } from '../../binary/uuid.ts'
import type { DiskWriterOptions, WriterFormat } from '../../image/disk-writer.ts'
import { machineWriter } from '../machine/machine-writer.ts'
import { newMachine } from '../machine/new-machine.ts'
import { qcow2Writer } from '../qcow2/writer.ts'
import { rawWriter } from '../raw/writer.ts'
import { assertSize } from '../writable-sizes.ts'
import { assertChoices } from '../write-choices.ts'
import { utmConfig, type UtmBackend } from './write-config.ts'

/** Room for the configuration, which has a few thousand bytes. */
const largestConfig = 16 * 1024

type Kind = Pick<DiskWriterOptions, 'subformat'>

/**
 * Writes bundles of UTM: `config.plist`, which is the image, and the disk in `Data/`: qcow2 for QEMU (`qemu`), raw for
 * Apple's own virtualisation (`apple`). Neither needs `efi_vars.fd`: UTM makes it.
 */
export const utmWriter: WriterFormat = {
  format: 'utm',
  unit: qcow2Writer.unit,
  hasIdentity: true,
  stateSize(options) {
    assertFits(options)
    return diskWriterOf(options).stateSize(plain(options))
  },
  open(options) {
    assertFits(options)
    const backend = backendOf(options)
    const machine = newMachine(options, {
      ending: /\.utm$/iu,
      usual: backend === 'apple' ? 'aarch64' : 'x86_64',
    })
    const image = imageName(options)
    const file = options.name ?? `${machine.name}.utm`
    return machineWriter({
      disk: diskWriterOf(options).open(plain(options)),
      diskFiles: 1,
      definition: utmConfig(machine, { backend, image, file }),
    })
  },
  parts: (options) => [`Data/${imageName(options)}`],
  measure: (options) => largestConfig + diskWriterOf(options).measure(plain(options)),
}

function backendOf({ subformat }: Kind): UtmBackend {
  return subformat === 'apple' ? 'apple' : 'qemu'
}

const diskWriterOf = (options: Kind) => (backendOf(options) === 'apple' ? rawWriter : qcow2Writer)

/** What is said of the machine is not said to the writer of its disk. */
function plain<Options extends object>(
  options: Options,
): Options & { subformat: undefined; choices: undefined } {
  return { ...options, subformat: undefined, choices: undefined }
}

/** UTM calls an image after its drive. */
function imageName({ id, subformat }: Pick<DiskWriterOptions, 'id' | 'subformat'>): string {
  const drive = formatUuid(deriveUuid(id, 2)).toUpperCase()
  return `${drive}.${backendOf({ subformat }) === 'apple' ? 'img' : 'qcow2'}`
}

function assertFits(options: Parameters<WriterFormat['stateSize']>[0]): void {
  assertSize('utm', options)
  assertChoices('utm', options)
}
