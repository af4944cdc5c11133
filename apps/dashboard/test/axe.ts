import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

type Axe = typeof axe

/** Every rule that axe has, also those it leaves out unless asked: names that differ from labels, targets that are small. */
async function findViolations(page: Page, rules: 'all' | 'colors'): Promise<string[]> {
  await page.evaluate(await readFile(axePath, 'utf8'))
  const results = await page.evaluate(
    async (isAll) =>
      await (globalThis as unknown as { axe: Axe }).axe.run(document, {
        resultTypes: ['violations'],
        ...(isAll
          ? { rules: { 'target-size': { enabled: true }, 'label-content-name-mismatch': { enabled: true } } }
          : { runOnly: ['color-contrast'] }),
      }),
    rules === 'all',
  )
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} — ${failureSummary ?? ''}`),
  )
}

/** Appearance, width in pixels, rules: of those of axe, colours alone depend on the appearance. */
const looks = [
  ['light', 1440, 'all'],
  ['dark', 1440, 'colors'],
  ['dark', 390, 'all'],
] as const
/** What axe finds in a page that is open, in each look. */
export async function findInEveryLook(page: Page): Promise<string[]> {
  const found: string[] = []
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('*, ::before, ::after { transition: none !important }')
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  })
  for (const [colorScheme, width, rules] of looks) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
    const violations = await findViolations(page, rules)
    found.push(...violations.map((violation) => `${colorScheme}, ${width} px: ${violation}`))
  }
  return found
}
