import { basename, dirname, join } from 'node:path'
import { utmMachine } from '@varve/core/formats/utm/config'
import { isDiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports/ports.ts'

/** The bundle of UTM in whose folder of images the file lies, or null. */
export function utmBundleOf(image: string): string | null {
  const folder = dirname(image)
  const isInside = /^(?:data|images)$/iu.test(basename(folder)) && /\.utm$/iu.test(dirname(folder))
  return isInside ? dirname(folder) : null
}

/** The files that a bundle of UTM names, whatever they are to it; null: its configuration cannot be read. */
export async function filesOfUtm(bundle: string): Promise<ReadonlySet<string> | null> {
  const ports = nodePorts({ roots: null, io: 'sync' })
  try {
    await using file = await ports.files.open(join(bundle, 'config.plist'))
    const { drives } = await utmMachine.read(file, ports)
    return new Set(drives.flatMap(({ reference }) => (reference === null ? [] : [join(bundle, reference)])))
  } catch (error) {
    if (!isDiskError(error)) throw error
    return null
  }
}
