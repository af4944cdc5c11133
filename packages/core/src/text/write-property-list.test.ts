import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePropertyList } from './property-list.ts'
import { writePropertyList } from './write-property-list.ts'

const place = { file: 'a.plist', structure: 'property list' }
const read = (root: Parameters<typeof writePropertyList>[0]) =>
  parsePropertyList(writePropertyList(root, 'a.plist'), place)

describe('a property list that is written', () => {
  test('is the XML of Apple', () => {
    const bytes = writePropertyList(
      {
        Name: 'a & <b>',
        Count: 4,
        Share: 0.5,
        On: true,
        Off: false,
        None: undefined,
        Empty: [],
        Nothing: {},
        Data: Uint8Array.of(1, 2, 255),
        Drive: [{ ReadOnly: false }],
      },
      'a.plist',
    )
    expect(new TextDecoder().decode(bytes)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
      <plist version="1.0">
      <dict>
      	<key>Name</key>
      	<string>a &amp; &lt;b&gt;</string>
      	<key>Count</key>
      	<integer>4</integer>
      	<key>Share</key>
      	<real>0.5</real>
      	<key>On</key>
      	<true/>
      	<key>Off</key>
      	<false/>
      	<key>Empty</key>
      	<array/>
      	<key>Nothing</key>
      	<dict/>
      	<key>Data</key>
      	<data>AQL/</data>
      	<key>Drive</key>
      	<array>
      		<dict>
      			<key>ReadOnly</key>
      			<false/>
      		</dict>
      	</array>
      </dict>
      </plist>
      "
    `)
  })

  test('is read back the same', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => each.trim() === each)
    const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 40 }))
    const list = fc.array(leaf, { maxLength: 4 })
    const entries = fc.array(fc.tuple(text, fc.oneof(leaf, list)), { maxLength: 6 })
    fc.assert(
      fc.property(entries, (given) => {
        const root = new Map(given.filter(([key]) => key !== ''))
        expect(read(root)).toEqual(root)
      }),
    )
  })

  test.each(['a\u0000b', 'bell \u0007', 'half \ud800', 'x\uffff'])('%j is refused', (text) => {
    const refused = expect.objectContaining({ code: 'refused' })
    expect(() => read({ Name: text })).toThrow(refused)
    expect(() => read({ [text]: 'a' })).toThrow(refused)
  })

  test('numbers that are none are refused', () => {
    expect(() => read({ Count: Number.NaN })).toThrow(RangeError)
  })
})
