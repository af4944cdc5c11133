import { readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Bytes of a block device, whatever links lead to it; null: the kernel has none there. */
export function deviceSize(path: string): number | null {
  try {
    const sectors = readFileSync(join('/sys/class/block', basename(realpathSync(path)), 'size'), 'utf8')
    return /^\d{1,15}\n$/u.test(sectors) ? Number(sectors) * 512 : null
  } catch {
    return null
  }
}
