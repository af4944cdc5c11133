import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { filesOfUtm, utmBundleOf } from './bundle-drives.ts'

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
  /** The paths of those that name the file, and not one whose name only ends like it. */
  naming(file: string): readonly string[]
}

/** Reads the descriptions of machines that lie in a folder. */
export async function definitionsIn(folder: string): Promise<Definitions> {
  const names = await readdir(folder).catch((): string[] => [])
  const found: { readonly path: string; readonly text: string }[] = []
  for (const name of names) {
    if (found.length >= most) break
    if (!endings.some((ending) => name.toLowerCase().endsWith(ending))) continue
    const path = join(folder, name)
    const text = await definitionText(name, path)
    if (text !== null) found.push({ path, text })
  }
  return {
    areThere: found.length > 0,
    names: (file) => found.some(({ text }) => text.includes(file) || text.includes(escaped(file))),
    naming: (file) =>
      found.flatMap(({ path, text }) =>
        namesWhole(text, file) || namesWhole(text, escaped(file)) ? [path] : [],
      ),
  }
}

/** The descriptions of machines beside an image, or of the bundle that it lies in, that name it as one of their files. */
export async function machinesNaming(image: string): Promise<readonly string[]> {
  const name = basename(image)
  const beside = await definitionsIn(dirname(image))
  const bundle = utmBundleOf(image)
  const around = bundle === null ? [] : (await definitionsIn(bundle)).naming(name)
  return [...beside.naming(name), ...around].filter((definition) => definition !== image)
}

/** Whether the name stands there by itself, and not as the end of a longer one. */
function namesWhole(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + name.length]]
    if (/^[\s"'/\\:=>,]?$/u.test(before) && /^[\s"'<,&]?$/u.test(after)) return true
  }
  return false
}

/** What names the disks in a definition; null for what is none. Property lists may be binary. */
async function definitionText(name: string, path: string): Promise<string | null> {
  const named = name.toLowerCase() === 'config.plist' ? await filesOfUtm(dirname(path)) : null
  if (named !== null) return ['', ...[...named].map((file) => basename(file)), ''].join('\n')
  const text = await textOf(path)
  return text !== null && describesMachine(name, text) ? text : null
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
