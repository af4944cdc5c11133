import type { LayerNumber } from './layer-number.ts'
import { quote } from './quote.ts'

/** What a message is about. */
export interface Said {
  readonly layer: LayerNumber
  /** As its owner names it; null: it is about no file. */
  readonly file: string | null
  readonly message: string
  /** What its words are made of. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** What stands before a message where it must say by itself what it is about: `L2 "web01.qcow2": `. */
export function placeWords({ layer, file }: Pick<Said, 'layer' | 'file'>): string {
  return file === null ? '' : `${layer} ${quote(file)}: `
}

/** The message without the layer and file that stand before it: for where these are shown beside it. */
export function bareWords(said: Pick<Said, 'layer' | 'file' | 'message'>): string {
  const place = placeWords(said)
  return place !== '' && said.message.startsWith(place) ? said.message.slice(place.length) : said.message
}

/** Details whose text is a name: it stays as it is written, also at the start of a sentence. */
const names = ['tool', 'format', 'host', 'name'] as const

/** The message as a title: without layer and file, in sentence case. */
export function titleWords(said: Said): string {
  const bare = bareWords(said)
  const isName = names.some((name) => {
    const value = said.details?.[name]
    return typeof value === 'string' && value !== '' && bare.startsWith(value)
  })
  return isName ? bare : bare.charAt(0).toUpperCase() + bare.slice(1)
}
