import { nativeFormats } from '@varve/agent/platform/native-formats'
import type { Capabilities } from '@varve/protocol/hosts'

/** What a Windows host can do through Node alone: no holes are asked for or punched, nothing is copied in the kernel. */
export const windowsCapabilities: Capabilities = {
  readFormats: [...nativeFormats.read],
  writeFormats: [...nativeFormats.write],
  sparseFiles: false,
  reflink: false,
  nbdExport: true,
  watch: true,
}
