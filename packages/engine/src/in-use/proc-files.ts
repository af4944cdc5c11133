import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'

/** Names in a folder of procfs or sysfs, which answer at once; none where it is not there or not to be seen. */
export function namesIn(folder: string): readonly string[] {
  return readNames(folder) ?? []
}

/** As `namesIn`, or null where this user may not look. */
export function readNames(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder)
  } catch (error) {
    const isHidden =
      error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
    return isHidden ? null : []
  }
}

/** A file of procfs or sysfs; empty where it is not there. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

const room = Buffer.allocUnsafe(4096)

/** The same for one of the many small ones, at a third of the time. */
export function smallTextOf(path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const length = readSync(file, room)
    return length < room.length ? room.toString('latin1', 0, length) : textOf(path)
  } catch {
    return ''
  } finally {
    closeSync(file)
  }
}

/** The same as UTF-8, for names of files. */
export function utf8Of(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Where a link of procfs or sysfs leads; empty where it is not there. */
export function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
