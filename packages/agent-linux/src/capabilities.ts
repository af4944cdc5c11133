import { nativeFormats } from '@varve/agent/platform/native-formats'
import type { Capabilities } from '@varve/protocol/hosts'

/** What every Linux host can do. Whether a library's filesystem shares blocks is told with the library. */
export const linuxCapabilities: Capabilities = {
  readFormats: [...nativeFormats.read],
  writeFormats: [...nativeFormats.write],
  sparseFiles: true,
  reflink: true,
  nbdExport: true,
  watch: true,
}
