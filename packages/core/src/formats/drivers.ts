import { asifDriver } from './asif/driver.ts'
import type { FormatDriver } from './format-driver.ts'
import type { FormatName } from './format-rules.ts'
import { ovaDriver } from './ova/driver.ts'
import { parallelsDriver } from './parallels/driver.ts'
import { qcow2Driver } from './qcow2/driver.ts'
import { rawDriver } from './raw/driver.ts'
import { recognisedOnly } from './recognised-only.ts'
import { sparsebundleDriver } from './sparsebundle/driver.ts'
import { sparseimageDriver } from './sparseimage/driver.ts'
import { udifDriver } from './udif/driver.ts'
import { vdiDriver } from './vdi/driver.ts'
import { vhdDriver } from './vhd/driver.ts'
import { vhdxDriver } from './vhdx/driver.ts'
import { vmdkDriver } from './vmdk/driver.ts'

/** The formats that Varve reads itself; a new one is its folder and one line here. */
export const drivers: readonly FormatDriver[] = [
  qcow2Driver,
  vmdkDriver,
  vhdDriver,
  vhdxDriver,
  vdiDriver,
  parallelsDriver,
  ovaDriver,
  udifDriver,
  sparseimageDriver,
  sparsebundleDriver,
  asifDriver,
  rawDriver,
]

/** The driver of `format`; one that refuses when Varve only knows it by sight. */
export function driverFor(format: FormatName): FormatDriver {
  return drivers.find((driver) => driver.format === format) ?? recognisedOnly(format)
}
