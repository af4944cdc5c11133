import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Endings of files that describe machines or packages and name their disks in plain text. */
const endings = ['.vmx', '.vbox', '.ovf', '.pvs', '.xml', '.conf', '.plist']
const largest = 1024 * 1024
/** Definitions of one folder that are read, at most. */
const most = 200

/** What the machines in one folder name. */
export interface Definitions {
  /** There is at least one. */
  readonly areThere: boolean
  names(file: string): boolean
}

/** Reads the descriptions of machines that lie in a folder. */
export async function definitionsIn(folder: string): Promise<Definitions> {
  const names = await readdir(folder).catch((): string[] => [])
  const texts: string[] = []
  for (const name of names) {
    if (texts.length >= most) break
    if (!endings.some((ending) => name.toLowerCase().endsWith(ending))) continue
    const text = await textOf(join(folder, name))
    if (text !== null && describesMachine(name, text)) texts.push(text)
  }
  return {
    areThere: texts.length > 0,
    names: (file) => texts.some((text) => text.includes(file) || text.includes(escaped(file))),
  }
}

/** XML of anything else says nothing of machines. */
function describesMachine(name: string, text: string): boolean {
  const lower = name.toLowerCase()
  if (lower.endsWith('.xml')) return /<domain[\s>]/u.test(text)
  if (lower.endsWith('.plist')) return /<key>Drives?<\/key>|<key>ImageName<\/key>/u.test(text)
  if (lower.endsWith('.conf')) return /^(?:scsi|virtio|sata|ide|efidisk)\d+:/mu.test(text)
  return true
}

function escaped(name: string): string {
  return name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

async function textOf(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path)
    return size > largest ? null : await readFile(path, 'utf8')
  } catch {
    return null
  }
}
