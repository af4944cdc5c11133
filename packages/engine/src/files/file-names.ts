const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name as the host keeps it; null when its bytes are not UTF-8, so that no message could name it. */
export function decodeName(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return null
  }
}

/** The name with every byte that is not part of valid UTF-8 as `\xNN`; for showing, never for opening. */
export function escapeName(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const length = Math.min(sequenceLength(bytes[at] ?? 0), bytes.length - at)
    const decoded = decodeName(bytes.subarray(at, at + length))
    if (decoded === null) {
      text += `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`
      at += 1
    } else {
      text += decoded
      at += length
    }
  }
  return text
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1
  if (lead < 0xe0) return 2
  return lead < 0xf0 ? 3 : 4
}

/** Endings of files and folders that a copy, a download or a lock makes while it lasts. */
const passingEndings = [
  '.part',
  '.partial',
  '.filepart',
  '.crdownload',
  '.download',
  '.opdownload',
  '.aria2',
  '.lck',
]

/** Hidden files, files that a copy still writes (`.part`), and locks (`.lck`): not images yet, or not meant to be seen. */
export function isSkippedName(name: string): boolean {
  const lower = name.toLowerCase()
  return name.startsWith('.') || passingEndings.some((ending) => lower.endsWith(ending))
}
