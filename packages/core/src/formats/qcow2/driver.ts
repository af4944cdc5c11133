import type { FormatDriver } from '../../image/format-driver.ts'
import { checkQcow2 } from './check.ts'
import { qcowMagic } from './header.ts'
import { inspectQcow2 } from './inspect.ts'
import { openQcow2Layer } from './reader.ts'
import { repairQcow2 } from './repair.ts'
import { repointQcow2 } from './repoint.ts'

/** qcow2, versions 2 and 3. Version 1 (`qcow`) has another layout and is not meant. */
export const qcow2Driver: FormatDriver = {
  format: 'qcow2',
  obeys: ['snapshot'],
  recognises({ head }) {
    if (head.length < 8) return false
    const view = new DataView(head.buffer, head.byteOffset, 8)
    return view.getUint32(0) === qcowMagic && view.getUint32(4) >= 2
  },
  inspect: inspectQcow2,
  repoint: repointQcow2,
  openLayer: openQcow2Layer,
  check: (file, _ports, options) => checkQcow2(file, options),
  repair: repairQcow2,
}
