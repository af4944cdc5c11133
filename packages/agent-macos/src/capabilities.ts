import { nativeFormats } from '@varve/agent/platform/native-formats'
import type { Capabilities } from '@varve/protocol/hosts'

/** What a Mac can do; it shares the blocks of whole files only, on APFS. */
export const macosCapabilities: Capabilities = {
  readFormats: [...nativeFormats.read],
  writeFormats: [...nativeFormats.write],
  sparseFiles: true,
  reflink: true,
  nbdExport: true,
  watch: true,
}
