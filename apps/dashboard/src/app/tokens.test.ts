import { layerNumbers } from '@varve/core/problems/layer-number'
import { describe, expect, test } from 'vitest'
import { cssVariables, dark, light, type Tokens } from './tokens.ts'

/** Relative luminance of WCAG 2.2. */
function luminance(colour: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

describe.each<[string, Tokens]>([
  ['light', light],
  ['dark', dark],
])('%s', (_name, tokens) => {
  test.each(['ink', 'soft', 'warn', 'bad', 'good', 'accent'] as const)(
    '%s reads on page and panel',
    (name) => {
      expect(contrast(tokens[name], tokens.panel)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(tokens[name], tokens.background)).toBeGreaterThanOrEqual(4.5)
    },
  )

  test('the filled button reads', () => {
    expect(contrast(tokens.onAccent, tokens.accent)).toBeGreaterThanOrEqual(4.5)
  })

  test.each(layerNumbers)('words in the colour of %s and on its band read', (layer) => {
    const [fill, ink] = tokens.bands[layer]
    expect(contrast(tokens.layerText[layer], tokens.panel)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(ink, fill)).toBeGreaterThanOrEqual(4.5)
  })
})

test('every token has a CSS variable, the same ones in both schemes', () => {
  expect(Object.keys(cssVariables(light)).toSorted()).toEqual(Object.keys(cssVariables(dark)).toSorted())
  expect(cssVariables(light)).toMatchObject({ '--varve-on-accent': '#ffffff', '--varve-L7-text': '#876409' })
})
