import {
  Button,
  createTheme,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type MantineThemeComponents,
} from '@mantine/core'
import { cssVariables, dark, light, neutrals, type Tokens } from './tokens.ts'

/** Mantine wants ten shades; the product has one accent per scheme, so the scale is light's up to 5, dark's below. */
const accent: MantineColorsTuple = [
  dark.accent,
  dark.accent,
  dark.accent,
  dark.accent,
  dark.accent,
  light.accent,
  light.accent,
  light.accent,
  light.accent,
  light.accent,
]

const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: mono,
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 3 },
  colors: { accent, gray: neutrals.gray, dark: neutrals.dark },
  defaultRadius: 8,
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '22px' },
  components: {
    Button: Button.extend({
      defaultProps: { variant: 'default', size: 'sm' },
      vars: (_theme, { variant, color }) => ({
        root: {
          '--button-height': '36px',
          '--button-padding-x': '13px',
          '--button-fz': '14px',
          ...(variant === 'filled'
            ? {
                '--button-bg': 'var(--varve-accent)',
                '--button-hover': 'color-mix(in srgb, var(--varve-accent) 88%, var(--varve-ink))',
                '--button-color': 'var(--varve-on-accent)',
              }
            : {}),
          ...(color === 'bad' ? { '--button-color': 'var(--varve-bad)' } : {}),
        },
      }),
    }),
    // Written without `extend`, which would load these components with every page.
    Checkbox: {
      vars: () => ({
        root: {
          '--checkbox-color': 'var(--varve-accent)',
          '--checkbox-icon-color': 'var(--varve-on-accent)',
        },
      }),
    },
    Modal: {
      defaultProps: {
        radius: 12,
        centered: true,
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: { 'aria-label': 'Close' },
        // Hiding the scroll bar would take a `style` element; the page behind stands still all the same.
        removeScrollProps: { removeScrollBar: false },
        // Its `header` is one of the dialog, not of the page.
        attributes: { header: { role: 'none' } },
      },
      styles: {
        content: { border: '1px solid var(--varve-line)', boxShadow: 'none' },
        title: { fontSize: '16px', fontWeight: 600, overflowWrap: 'anywhere' },
      },
    },
    Notification: {
      defaultProps: { radius: 12, color: 'accent' },
      styles: { root: { border: '1px solid var(--varve-line)', boxShadow: 'none' } },
    },
    NativeSelect: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
  } satisfies MantineThemeComponents,
})

function scheme(tokens: Tokens): Record<string, string> {
  return {
    ...cssVariables(tokens),
    '--mantine-color-body': tokens.panel,
    '--mantine-color-text': tokens.ink,
    '--mantine-color-bright': tokens.ink,
    '--mantine-color-dimmed': tokens.soft,
    '--mantine-color-placeholder': tokens.soft,
    '--mantine-color-anchor': tokens.accent,
    '--mantine-color-default': tokens.panel,
    '--mantine-color-default-color': tokens.ink,
    '--mantine-color-default-border': tokens.line,
    '--mantine-color-default-hover': `color-mix(in srgb, ${tokens.panel}, ${tokens.ink} 5%)`,
    '--mantine-color-error': tokens.bad,
    '--mantine-color-disabled': tokens.track,
    '--mantine-color-disabled-color': tokens.soft,
    '--mantine-color-disabled-border': tokens.line,
    '--mantine-color-accent-filled': tokens.accent,
    '--mantine-color-accent-filled-hover': tokens.accent,
    '--mantine-primary-color-filled': tokens.accent,
    '--mantine-primary-color-contrast': tokens.onAccent,
  }
}

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {
    '--varve-radius-card': '12px',
    '--varve-radius-control': '8px',
    // What cameras read is dark on light in both schemes.
    '--varve-scan-ink': light.ink,
    '--varve-scan-ground': light.panel,
  },
  light: scheme(light),
  dark: scheme(dark),
})
