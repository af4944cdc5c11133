import {
  convertCssVariables,
  DEFAULT_THEME,
  deepMerge,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from '@mantine/core'
import { cssVariablesResolver, theme } from './theme.ts'

/**
 * Gives the page the theme's variables as a style sheet of the document: the provider would put them into a `style`
 * element, which the content security policy does not let in.
 */
export function adoptTheme(): void {
  const whole = mergeMantineTheme(DEFAULT_THEME, theme)
  const variables = deepMerge(defaultCssVariablesResolver(whole), cssVariablesResolver(whole))
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(convertCssVariables(variables))
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}
