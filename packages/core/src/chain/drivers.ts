import type { FormatDriver } from '../image/format-driver.ts'
import { formatNames, type FormatName } from '../image/format-rules.ts'

/** The formats that Varve reads itself; a new one is its folder and one line here. */
const loaders: Readonly<Partial<Record<FormatName, () => Promise<FormatDriver>>>> = {
  qcow2: async () => (await import('../formats/qcow2/driver.ts')).qcow2Driver,
  vmdk: async () => (await import('../formats/vmdk/driver.ts')).vmdkDriver,
  vhd: async () => (await import('../formats/vhd/driver.ts')).vhdDriver,
  vhdx: async () => (await import('../formats/vhdx/driver.ts')).vhdxDriver,
  vdi: async () => (await import('../formats/vdi/driver.ts')).vdiDriver,
  parallels: async () => (await import('../formats/parallels/driver.ts')).parallelsDriver,
  ova: async () => (await import('./package-driver.ts')).packageDriver,
  utm: async () => (await import('./machine-drivers.ts')).utmDriver,
  pvm: async () => (await import('./machine-drivers.ts')).pvmDriver,
  udif: async () => (await import('../formats/udif/driver.ts')).udifDriver,
  sparseimage: async () => (await import('../formats/sparseimage/driver.ts')).sparseimageDriver,
  sparsebundle: async () => (await import('../formats/sparsebundle/driver.ts')).sparsebundleDriver,
  asif: async () => (await import('../formats/asif/driver.ts')).asifDriver,
  raw: async () => (await import('../formats/raw/driver.ts')).rawDriver,
}

/** Names of the formats that Varve reads; the others it knows by sight only. */
export const readFormats: readonly FormatName[] = formatNames.filter((format) => loaders[format])

const loaded = new Map<FormatName, FormatDriver>()

/**
 * The driver of `format`, loaded at first use, because programs and threads start faster with less code; one that refuses
 * when Varve only knows the format by sight.
 */
export async function driverFor(format: FormatName): Promise<FormatDriver> {
  const known = loaded.get(format)
  if (known) return known
  const load = loaders[format] ?? (async () => recognisedOnly(format))
  const driver = await load()
  loaded.set(format, driver)
  return driver
}

async function recognisedOnly(format: FormatName): Promise<FormatDriver> {
  return (await import('../image/recognised-only.ts')).recognisedOnly(format)
}
