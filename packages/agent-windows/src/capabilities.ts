import { nativeFormats } from '@varve/agent/platform/native-formats'
import type { Capabilities } from '@varve/protocol/hosts'

/** What every Windows host can do. Whether a library's volume shares blocks, as ReFS does, is told with the library. */
export const windowsCapabilities: Capabilities = {
  readFormats: [...nativeFormats.read],
  writeFormats: [...nativeFormats.write],
  sparseFiles: true,
  reflink: true,
  nbdExport: true,
  watch: true,
}
