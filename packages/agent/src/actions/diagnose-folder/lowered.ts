import { sep } from 'node:path'

/** A path as those of Windows are compared: without case. */
export function lowered(path: string): string {
  return path
    .toLowerCase()
    .replaceAll('/', sep)
    .replace(/[\\/]+$/u, '')
}

export function isBelow(path: string, folder: string): boolean {
  return lowered(path).startsWith(`${lowered(folder)}${sep}`)
}
