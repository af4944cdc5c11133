import { describe, expect, test } from 'vitest'
import { assertChoicesFit, choicesForParents, readReadingChoices } from './reading-choices.ts'

describe('readReadingChoices', () => {
  test('every choice by its name', () => {
    expect(readReadingChoices(['vhd-bitmap=ignore', 'vhd-size=geometry'])).toEqual({
      choices: { vhdBitmap: 'ignore', vhdSize: 'geometry' },
    })
    expect(readReadingChoices([])).toEqual({ choices: {} })
  })
  test.each([
    [['vhd-bitmap'], 'vhd-bitmap is honour or ignore, not empty.'],
    [['vhd-size=big'], 'vhd-size is geometry or current, not "big".'],
    [['toString=1'], 'There is no reading choice "toString"; known are vhd-bitmap, vhd-size.'],
    [['vhd-size=current', 'vhd-size=geometry'], 'vhd-size is said twice, and not the same.'],
  ])('%j is refused', (words, fault) => {
    expect(readReadingChoices(words)).toEqual({ fault })
  })
})

test('a snapshot or a disk is meant of the top image only', () => {
  expect(choicesForParents({ snapshot: 'a', disk: 'b', vhdSize: 'current', rescue: true })).toEqual({
    vhdSize: 'current',
    vhdBitmap: undefined,
    rescue: true,
  })
})

describe('assertChoicesFit', () => {
  const raw = { file: '/a.img', format: 'raw', obeys: [] } as const
  test('a snapshot of a format that has none is refused', () => {
    expect(() => assertChoicesFit({ snapshot: 'x' }, raw)).toThrow('Raw images have no internal snapshots')
    expect(() => assertChoicesFit({ disk: 'x' }, raw)).toThrow('is one disk, not a package')
  })
  test('what a driver obeys, and what is about other formats, passes', () => {
    assertChoicesFit({ snapshot: 'x' }, { file: '/a', format: 'qcow2', obeys: ['snapshot'] })
    assertChoicesFit({ vhdBitmap: 'honour', rescue: true }, raw)
  })
})
