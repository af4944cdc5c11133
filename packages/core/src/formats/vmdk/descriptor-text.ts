import { decodeKorean } from './korean-text.ts'

/** What VMware, ICU and Java call code pages, by number, and what the Encoding Standard calls the same characters. */
const encodingOfPage: Readonly<Record<string, string>> = {
  '31j': 'shift_jis',
  '866': 'ibm866',
  '874': 'windows-874',
  '932': 'shift_jis',
  '936': 'gbk',
  '943': 'shift_jis',
  '949': 'euc-kr',
  '950': 'big5',
  '1361': 'euc-kr',
  '1363': 'euc-kr',
  '1370': 'big5',
  '1386': 'gbk',
  '20127': 'us-ascii',
  '20866': 'koi8-r',
  '20932': 'euc-jp',
  '20936': 'gbk',
  '20949': 'euc-kr',
  '21866': 'koi8-u',
  '51932': 'euc-jp',
  '51936': 'gbk',
  '51949': 'euc-kr',
  '51950': 'big5',
  '54936': 'gb18030',
  '65001': 'utf-8',
}

/** Names that no number is in. */
const encodingOfName: Readonly<Record<string, string>> = {
  'big5-hkscs': 'big5',
  'euc-cn': 'gbk',
  euccn: 'gbk',
  euckr: 'euc-kr',
  eucjp: 'euc-jp',
  'gb-18030': 'gb18030',
  'gb-2312': 'gbk',
  'mac-roman': 'macintosh',
  macroman: 'macintosh',
  'ms-kanji': 'shift_jis',
  'shift-jis': 'shift_jis',
  uhc: 'euc-kr',
}

/** What a text calls its encoding. */
const declaration = /^[ \t]*encoding[ \t]*=[ \t]*"?([\w.:,-]{1,60})"?/imu

/**
 * The text of a descriptor, up to its first NUL, in the encoding that it names by any of the names that hosts have for
 * it; UTF-8 when it names none, an unknown one, or one that does not fit; Windows-1252 when that does not fit either.
 */
export function decodeDescriptor(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const text = end === -1 ? bytes : bytes.subarray(0, end)
  const plain = new TextDecoder('windows-1252').decode(text)
  const declared = declaration.exec(plain)?.[1] ?? null
  for (const label of [...(declared === null ? [] : encodingsOf(declared)), 'utf-8']) {
    try {
      const decoder = new TextDecoder(label, { fatal: true })
      return decoder.encoding === 'euc-kr' ? decodeKorean(text) : decoder.decode(text)
    } catch {
      continue
    }
  }
  return plain
}

/** Labels of the Encoding Standard that may be meant, most likely first. */
function encodingsOf(name: string): string[] {
  const label = name.toLowerCase()
  const plain = label.replaceAll('_', '-').replace(/^(?:x-|cs)/u, '')
  const page = /^(?:windows|win|cp|ms|ibm|dos|codepage|mswin)?-?0*(\d+j?)(?:[^\d].*)?$/u.exec(plain)?.[1]
  const ofPage =
    page === undefined
      ? undefined
      : (encodingOfPage[page] ?? (/^125\d$/u.test(page) ? `windows-${page}` : ''))
  return [ofPage, encodingOfName[plain], label, plain].filter(
    (found) => found !== undefined && found !== '',
  ) as string[]
}
