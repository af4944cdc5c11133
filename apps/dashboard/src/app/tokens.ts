import { layerNumbers, type LayerNumber } from '@varve/core/problems/layer-number'

/** A colour scheme's tokens; the only place of the dashboard where colours are written. */
export interface Tokens {
  readonly background: string
  readonly panel: string
  readonly ink: string
  readonly soft: string
  readonly line: string
  readonly accent: string
  readonly onAccent: string
  readonly warn: string
  readonly bad: string
  readonly good: string
  /** Tracks of bars, the cell that waits, the selected entry of the navigation. */
  readonly track: string
  readonly selected: string
  /** The mark of each layer: bands, bars, swatches. */
  readonly layers: Readonly<Record<LayerNumber, string>>
  /** The same hue where words are set in it on a panel: at least 4.5 : 1. */
  readonly layerText: Readonly<Record<LayerNumber, string>>
  /** Fill of a band with words on it, and the ink of those words: at least 4.5 : 1. */
  readonly bands: Readonly<Record<LayerNumber, readonly [fill: string, ink: string]>>
}

export const light: Tokens = {
  background: '#f7f6f3',
  panel: '#ffffff',
  ink: '#1d2125',
  soft: '#5b646d',
  line: '#d9d5cc',
  accent: '#0f766e',
  onAccent: '#ffffff',
  warn: '#b45309',
  bad: '#b42318',
  good: '#2f7d32',
  track: '#e4e1d9',
  selected: '#e4e1d9',
  layers: {
    L7: '#e9c46a',
    L6: '#e0a458',
    L5: '#d08a5b',
    L4: '#b86f52',
    L3: '#0f766e',
    L2: '#3d6f8e',
    L1: '#4f6275',
    L0: '#59616b',
  },
  layerText: {
    L7: '#876409',
    L6: '#96601a',
    L5: '#9c5528',
    L4: '#a0553a',
    L3: '#0f766e',
    L2: '#3d6f8e',
    L1: '#4f6275',
    L0: '#59616b',
  },
  bands: {
    L7: ['#e9c46a', '#1d2125'],
    L6: ['#e0a458', '#1d2125'],
    L5: ['#d08a5b', '#1d2125'],
    L4: ['#a9634a', '#ffffff'],
    L3: ['#0f766e', '#ffffff'],
    L2: ['#3d6f8e', '#ffffff'],
    L1: ['#4f6275', '#ffffff'],
    L0: ['#59616b', '#ffffff'],
  },
}

export const dark: Tokens = {
  background: '#14171a',
  panel: '#1b1f24',
  ink: '#e8e6e1',
  soft: '#9aa4ae',
  line: '#323941',
  accent: '#2dd4bf',
  onAccent: '#10201e',
  warn: '#f5b34f',
  bad: '#ff8a7a',
  good: '#7bd389',
  track: '#2b323a',
  selected: '#29323a',
  layers: {
    L7: '#e9c46a',
    L6: '#d9985a',
    L5: '#c67f55',
    L4: '#a9634a',
    L3: '#2aa396',
    L2: '#4a86a8',
    L1: '#5d7388',
    L0: '#6a737e',
  },
  layerText: {
    L7: '#e9c46a',
    L6: '#d9985a',
    L5: '#cf8b62',
    L4: '#cb8267',
    L3: '#2fb3a5',
    L2: '#659fc0',
    L1: '#8aa0b5',
    L0: '#949da7',
  },
  bands: {
    L7: ['#e9c46a', '#1d2125'],
    L6: ['#d9985a', '#1d2125'],
    L5: ['#c67f55', '#1d2125'],
    L4: ['#a9634a', '#ffffff'],
    L3: ['#1f7f75', '#ffffff'],
    L2: ['#3f7696', '#ffffff'],
    L1: ['#5d7388', '#ffffff'],
    L0: ['#646d78', '#ffffff'],
  },
}

/** Mantine's neutral shades for light and for dark pages, lightest first, made of the tokens above. */
export const neutrals = {
  gray: [
    light.background,
    '#efede7',
    light.track,
    light.line,
    light.line,
    '#8b939b',
    light.soft,
    '#454d54',
    '#2d3338',
    light.ink,
  ],
  dark: [
    dark.ink,
    '#c6cbd0',
    dark.soft,
    '#7c868f',
    dark.line,
    dark.selected,
    dark.panel,
    dark.panel,
    dark.background,
    dark.background,
  ],
} as const

/** The tokens as CSS variables: `--varve-soft`, `--varve-L3`, `--varve-L3-text`, `--varve-L3-band`, `--varve-L3-on`. */
export function cssVariables(tokens: Tokens): Record<string, string> {
  const { layers, layerText, bands, ...plain } = tokens
  return {
    ...Object.fromEntries(Object.entries(plain).map(([name, value]) => [`--varve-${kebab(name)}`, value])),
    ...Object.fromEntries(
      layerNumbers.flatMap((layer) => [
        [`--varve-${layer}`, layers[layer]],
        [`--varve-${layer}-text`, layerText[layer]],
        [`--varve-${layer}-band`, bands[layer][0]],
        [`--varve-${layer}-on`, bands[layer][1]],
      ]),
    ),
  }
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
}
