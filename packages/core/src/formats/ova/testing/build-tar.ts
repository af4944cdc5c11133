import { tarHeader } from '../tar.ts'

export type Member = readonly [name: string, content: Uint8Array | string]

/** A tar of these members, in order; `change` may damage a header before it is written. */
export function buildTar(
  members: readonly Member[],
  change?: (header: Uint8Array, name: string) => void,
): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = []
  for (const [name, content] of members) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const header = tarHeader(name, bytes.length)
    change?.(header, name)
    const padded = new Uint8Array(Math.ceil(bytes.length / 512) * 512)
    padded.set(bytes)
    blocks.push(header, padded)
  }
  blocks.push(new Uint8Array(1024))
  return Uint8Array.from(Buffer.concat(blocks))
}
