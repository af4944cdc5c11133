import { describe, expect, test } from 'vitest'
import { parsePropertyList } from './property-list.ts'
import { maxXmlBytes, parseXml } from './xml.ts'

const place = { file: 'a.xml', structure: 'test document' }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const coded = (code: string) => expect.objectContaining({ code })

describe('parseXml', () => {
  test('elements, text and the five entities', () => {
    const root = parseXml(
      bytesOf('\uFEFF<?xml version="1.0"?><!-- c --><a x="1"> <b>1 &lt;&amp;&#65; 2</b><c/></a>'),
      place,
    )
    expect(root).toEqual({
      name: 'a',
      text: '',
      children: [
        { name: 'b', text: '1 <&A 2', children: [] },
        { name: 'c', text: '', children: [] },
      ],
    })
  })

  test.each([
    ['nothing', '', 'corrupt'],
    ['no XML', 'hello', 'corrupt'],
    ['entities of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'corrupt'],
    ['an entity over a line', '<!doctype a\n[\n<!entity x "y">]><a/>', 'corrupt'],
    ['elements too deep', '<a>'.repeat(5000) + '</a>'.repeat(5000), 'corrupt'],
    ['too many elements', `<a>${'<b/>'.repeat(300_000)}</a>`, 'limit-exceeded'],
    ['a name that would change JavaScript', '<a><constructor/></a>', 'corrupt'],
    ['very many entities', `<a>${'&amp;'.repeat(20_000)}</a>`, 'limit-exceeded'],
    ['a second type', '<!DOCTYPE a><!DOCTYPE a [><a/>', 'corrupt'],
    ['a tag that does not end', '<a', 'corrupt'],
  ])('%s is refused', (_, text, code) => {
    expect(() => parseXml(bytesOf(text), place)).toThrow(coded(code))
  })

  test('a document that is too long is refused unread', () => {
    expect(() => parseXml(new Uint8Array(maxXmlBytes + 1), place)).toThrow(coded('limit-exceeded'))
  })
})

describe('parsePropertyList', () => {
  const list = (inside: string) => parsePropertyList(bytesOf(`<plist version="1.0">${inside}</plist>`), place)

  test('every kind of value', () => {
    const found = list(`<dict><key>s</key><string>x &amp; y</string><key>i</key><integer>-5</integer>
<key>r</key><real>1.5</real><key>t</key><true/><key>d</key><data>
  AQID
  BA==
</data><key>e</key><string></string><key>a</key><array><string>q</string><dict/></array></dict>`)
    expect(Object.fromEntries(found)).toEqual({
      s: 'x & y',
      i: -5,
      r: 1.5,
      t: true,
      d: Uint8Array.of(1, 2, 3, 4),
      e: '',
      a: ['q', new Map()],
    })
  })

  test('megabytes of data are read', () => {
    const data = Buffer.alloc(3_000_000, 'varve')
    const found = list(`<dict><key>x</key><data>${data.toString('base64')}</data></dict>`).get('x')
    expect(found instanceof Uint8Array && data.equals(found)).toBe(true)
  })

  test.each([
    ['data in a form that Apple does not write', '<dict><key>x</key><data >AAAA</data></dict>'],
    ['an array as root', '<array/>'],
    ['a value without key', '<dict><string>x</string></dict>'],
    ['a key without value', '<dict><key>x</key></dict>'],
    ['a number that is none', '<dict><key>x</key><integer>1x</integer></dict>'],
    ['an unknown element', '<dict><key>x</key><set/></dict>'],
  ])('%s is refused', (_, inside) => {
    expect(() => list(inside)).toThrow(coded('corrupt'))
  })
})
