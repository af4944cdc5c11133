import { bundleFile, rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import type { ImageAddress } from '../actions/image-address.ts'
import { baseName } from '../actions/path-words.ts'

/** One image that is read and written anew. */
export interface Copy {
  readonly source: ImageAddress
  /** Which of the sources it is of. */
  readonly index: number
  readonly target: string
}

interface Naming {
  readonly target: string
  readonly isFolder: boolean
  readonly format: WritableFormat
  readonly subformat: string | null
  readonly snapshots: 'ask' | 'drop' | 'extract'
}

interface Named {
  readonly address: ImageAddress
  /** Names of its internal snapshots. */
  readonly snapshots: readonly string[]
}

/** Every image that is to be made, with its name: each source, and its internal snapshots where they are extracted. */
export function copiesOf(naming: Naming, sources: readonly Named[]): readonly Copy[] {
  return sources.flatMap(({ address, snapshots }, index) => {
    const target = naming.isFolder
      ? join(naming.target, `${stemOf(address)}${endingOf(naming)}`)
      : naming.target
    const whole: Copy = { source: address, index, target }
    if (naming.snapshots !== 'extract' || address.reading.snapshot !== undefined) return [whole]
    return [
      whole,
      ...snapshots.map((snapshot) => ({
        source: { ...address, reading: { ...address.reading, snapshot } },
        index,
        target: besideNamed(target, snapshot),
      })),
    ]
  })
}

/** `disk.qcow2` of the snapshot `a/b` becomes `disk@a_b.qcow2`. */
function besideNamed(target: string, snapshot: string): string {
  const name = baseName(target)
  const folder = target.slice(0, target.length - name.length)
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  return `${folder}${stem}@${plainName(snapshot)}${ending}`
}

/** A name with what no file name may hold put away; `\` `:` and others no Windows name may. */
function plainName(name: string): string {
  return name.replaceAll(/[\u0000-\u001F\u007F/\\:*?"<>|]/gu, '_').slice(0, 100)
}

/** The name of a source without its ending and those of packers; with the snapshot or disk that is read. */
function stemOf({ path, reading }: ImageAddress): string {
  const name = baseName(path).replace(/\.(?:gz|xz|bz2|zst)$/iu, '')
  const dot = name.lastIndexOf('.')
  const part = reading.snapshot ?? reading.disk
  return `${dot > 0 ? name.slice(0, dot) : name}${part === undefined ? '' : `@${plainName(part)}`}`
}

function endingOf({ format, subformat }: Naming): string {
  const { bundleEnding, endings } = rulesOf(format)
  const [usual = `.${format}`] = endings
  return bundleFile(format, subformat) === null ? usual : (bundleEnding ?? usual)
}

function join(folder: string, name: string): string {
  return /[/\\]$/u.test(folder) ? `${folder}${name}` : `${folder}/${name}`
}
