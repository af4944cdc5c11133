import iconv from 'iconv-lite'

/** `oem`: the code page of the host's console, which programs of Windows without windows use. */
export type ToolEncoding = 'utf-8' | 'utf-16le' | 'oem'

/** Characters of one line that are looked at; a tool that ends none is not collected without end. */
const longestLine = 8192

/** Of an English Windows. */
export const usualCodePage = 437

/** The name by which iconv-lite knows a code page of Windows, such as 850. */
export function labelOfCodePage(codePage: number): string {
  const label = codePage === 65_001 ? 'utf-8' : `cp${codePage}`
  if (!iconv.encodingExists(label)) throw new RangeError(`code page ${codePage} is not known`)
  return label
}

/** Text without its byte order mark; bytes that are none of the encoding become U+FFFD. */
export function toolText(bytes: Uint8Array, label: string): string {
  return iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), label)
}

export function toolBytes(text: string, label: string): Uint8Array {
  return iconv.encode(text, label)
}

/** Cuts a stream into lines as it arrives, whatever the pieces; `end` gives the last one. `isGrowing`: also what is there of one. */
export interface LineReader {
  add(bytes: Uint8Array): void
  end(): void
}

export function createLineReader(
  label: string,
  onLine: (text: string) => void,
  isGrowing = false,
): LineReader {
  const decoder = iconv.getDecoder(label)
  let rest = ''

  function take(text: string, isLast: boolean): void {
    const lines = (rest + text).split(/\r\n|[\r\n]/u)
    rest = isLast ? '' : (lines.pop() ?? '')
    for (const line of lines) if (line !== '') onLine(line)
    if (isGrowing && rest !== '') onLine(rest)
    if (rest.length > longestLine) {
      onLine(rest)
      rest = ''
    }
  }

  return {
    add: (bytes) => take(decoder.write(Buffer.from(bytes)), false),
    end: () => take(decoder.end() ?? '', true),
  }
}
