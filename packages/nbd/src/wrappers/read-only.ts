import type { NbdExport } from '../nbd-export.ts'

/** The export without its writer: writes are refused with EPERM. */
export function readOnly(inner: NbdExport): NbdExport {
  return { ...inner, writer: null }
}
