import { relative, sep } from 'node:path'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import { promisedFormat, namedAsRaw } from '@varve/core/image/detect-format'
import type { FormatChoice } from '@varve/protocol/images'
import { hasImageName } from './image-candidates.ts'
import { isBelow } from './library-path.ts'
import type { Library } from './library.ts'

/** The formats that somebody said of images and of folders, as the controller remembers them. */
export class FormatChoices {
  #choices: readonly FormatChoice[] = []
  readonly #libraries: readonly Library[]

  constructor(libraries: readonly Library[]) {
    this.#libraries = libraries
  }

  /** Takes the whole list anew; true when it differs from the one before. */
  set(choices: readonly FormatChoice[]): boolean {
    const isSame = JSON.stringify(choices) === JSON.stringify(this.#choices)
    this.#choices = choices
    return !isSame
  }

  /** Nothing was said of any image. */
  get isEmpty(): boolean {
    return this.#choices.length === 0
  }

  /**
   * What was said of an image: of itself, or of the nearest folder that it lies in. A folder's format is not that of a
   * file whose name promises another.
   */
  of(library: string, name: string): Pick<FormatChoice, 'format' | 'scope'> | null {
    const here = this.#choices.filter((choice) => choice.library === library)
    if (here.length === 0) return null
    const own = here.find((choice) => choice.scope === 'image' && choice.name === name)
    if (own) return own
    const [nearest] = here
      .filter((choice) => choice.scope === 'folder' && isInFolder(name, choice.name))
      .sort((a, b) => b.name.length - a.name.length)
    return nearest && mayBe(name, nearest.format) ? nearest : null
  }

  /** The format that was said of the file at this absolute path, in whichever library it lies; null: none was. */
  at(path: string): FormatName | null {
    if (this.#choices.length === 0) return null
    for (const { name, root } of this.#libraries) {
      if (path === root || !isBelow(root, path)) continue
      const said = this.of(name, relative(root, path).split(sep).join('/'))
      if (said) return said.format
    }
    return null
  }
}

/** `folder`: without a separator at its end; empty: the whole library. */
function isInFolder(name: string, folder: string): boolean {
  return folder === '' || name.startsWith(`${folder}/`)
}

function mayBe(name: string, format: FormatName): boolean {
  const promised = promisedFormat(name)
  if (promised !== null) return promised === format
  const lower = name.toLowerCase()
  const extensions: readonly string[] = formatRules[format].extensions
  const isOwnName = extensions.some((ending) => lower.endsWith(ending))
  return isOwnName || namedAsRaw(name) || !hasImageName(name)
}
