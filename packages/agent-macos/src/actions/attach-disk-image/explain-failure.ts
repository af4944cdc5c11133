import type { ToolBox } from '@varve/agent/actions/adapter'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { imageInfoCommand, isEncryptedCommand } from '../../tools/hdiutil/commands.ts'

/** Why hdiutil attached it not, where what it knows of the image says it better than its own words, which are anybody's. */
export async function explainFailure(
  error: unknown,
  image: string,
  { tools, signal }: { readonly tools: ToolBox; readonly signal: AbortSignal },
): Promise<unknown> {
  const options = { signal, file: image }
  if (isDiskError(error, 'refused')) {
    // A code that says little was taken for a wrong passphrase.
    const isEncrypted = await tools.run(isEncryptedCommand(image), options).catch(() => true)
    return isEncrypted ? error : notEncrypted(image)
  }
  if (!isDiskError(error, 'tool-failed')) return error
  const info = await tools.run(imageInfoCommand(image), options).catch(() => null)
  return info?.hasLicence === true ? licenceAsked(image) : error
}

function notEncrypted(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'macOS could not attach it, and says that it is not encrypted',
    remedy: 'Leave --passphrase out, and see what macOS finds: hdiutil imageinfo.',
    finding: 'not-encrypted',
    layer: 'L2',
  })
}

function licenceAsked(file: string): DiskError {
  return new DiskError('refused', {
    file,
    reason: 'macOS wants consent to its licence first, and Varve agrees to nothing',
    remedy: 'Convert it to raw, which needs no consent, or attach it by hand: hdiutil attach.',
    finding: 'licence-asked',
    layer: 'L3',
  })
}
