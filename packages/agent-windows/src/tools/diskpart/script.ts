import { DiskError } from '@varve/core/problems/disk-error'
import { diskpartName } from '@varve/operations/attach/diskpart-name'
import { plainPath } from '@varve/engine/files/windows-path'

/** What diskpart can be asked to do with the image that it was told to select. */
export const attachLine = ({ isReadOnly }: { readonly isReadOnly: boolean }) =>
  isReadOnly ? 'attach vdisk readonly' : 'attach vdisk'
export const detachLine = 'detach vdisk'
export const compactLine = 'compact vdisk'

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

function quoted(image: string): string {
  const path = plainPath(image)
  if (diskpartName.isSaid(path)) return `"${path}"`
  throw new DiskError('refused', {
    file: image,
    finding: 'name-of-diskpart',
    layer: 'L1',
    reason: diskpartName.why,
    remedy: diskpartName.remedy,
  })
}
