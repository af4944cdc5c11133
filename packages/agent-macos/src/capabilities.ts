import { nativeFormats } from '@varve/agent/platform/native-formats'
import type { Capabilities } from '@varve/protocol/hosts'

/** What a Mac can do through Node alone: holes are made by not writing, but not asked for. */
export const macosCapabilities: Capabilities = {
  readFormats: [...nativeFormats.read],
  writeFormats: [...nativeFormats.write],
  sparseFiles: true,
  reflink: false,
  nbdExport: true,
  watch: true,
}
