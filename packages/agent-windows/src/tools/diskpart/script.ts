import { DiskError } from '@varve/core/problems/disk-error'
import { plainPath } from '../../host/windows-path.ts'

/** What diskpart can be asked to do with the image that it was told to select. */
export const attachLine = ({ isReadOnly }: { readonly isReadOnly: boolean }) =>
  isReadOnly ? 'attach vdisk readonly' : 'attach vdisk'
export const detachLine = 'detach vdisk'
export const compactLine = 'compact vdisk'
export const listLine = 'list vdisk'

/** Selects the image for the lines after it; throws `refused` where its name cannot be said. */
export function selectLine(image: string): string {
  return `select vdisk file=${quoted(image)}`
}

/** The lines as they stand in the file: each ends as lines of Windows do. */
export function scriptText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('')
}

/** The script as it is shown, beside the argument vector that runs it. */
export function shownScript(lines: readonly string[]): string {
  return `diskpart /s SCRIPT, whose lines are: ${lines.join('; ')}`
}

/** Neither how a quote would be written nor the code page of a script is documented. */
function quoted(image: string): string {
  const path = plainPath(image)
  if (/^[\u0020-\u007E]+$/u.test(path) && !path.includes('"')) return `"${path}"`
  throw new DiskError('refused', {
    file: image,
    finding: 'name-of-diskpart',
    layer: 'L1',
    reason: 'scripts of diskpart can only be relied on for names of printable ASCII without quotes',
    remedy: 'Rename it, or give it a link of such a name on the same drive: mklink /H LINK IMAGE.',
  })
}
