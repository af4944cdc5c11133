/** What an answer is, for the browser that gets it: a page of the dashboard, what a page loads, or data. */
export type AnswerKind = 'page' | 'asset' | 'data'

/** A page loads what this controller serves and nothing else; no text becomes script, style or markup. */
export const pagePolicy = policy({
  'default-src': `'none'`,
  'script-src': `'self'`,
  'style-src': `'self'`,
  'img-src': `'self' data:`,
  'font-src': `'self'`,
  'connect-src': `'self'`,
  'object-src': `'none'`,
  'base-uri': `'none'`,
  'form-action': `'self'`,
  'frame-ancestors': `'none'`,
  'require-trusted-types-for': `'script'`,
  'trusted-types': `'none'`,
})

/** A script, style or font is what the page makes of it; opened by itself it loads nothing. */
export const assetPolicy = policy({ 'default-src': `'none'`, 'frame-ancestors': `'none'` })

/** An answer of the API is shown by no browser; a file that one opens all the same runs and loads nothing. */
export const dataPolicy = policy({
  'default-src': `'none'`,
  'base-uri': `'none'`,
  'form-action': `'none'`,
  'frame-ancestors': `'none'`,
  sandbox: 'allow-downloads',
})

/** The policy of a page that is one text with its style in it; `hash` as in `sha256-…`. */
export function textPagePolicy(hash: string): string {
  return policy({
    'default-src': `'none'`,
    'style-src': `'${hash}'`,
    'base-uri': `'none'`,
    'form-action': `'none'`,
    'frame-ancestors': `'none'`,
  })
}

/** Capabilities of browsers; a dashboard uses the clipboard, and keys to sign in with. */
const offFeatures = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'gamepad',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'window-management',
  'xr-spatial-tracking',
] as const
const ownFeatures = [
  'clipboard-read',
  'clipboard-write',
  'publickey-credentials-create',
  'publickey-credentials-get',
] as const

const permissions = [
  ...offFeatures.map((name) => `${name}=()`),
  ...ownFeatures.map((name) => `${name}=(self)`),
].join(', ')

const policies: Readonly<Record<AnswerKind, string>> = {
  page: pagePolicy,
  asset: assetPolicy,
  data: dataPolicy,
}

/** The headers of every answer. `isEncrypted`: it came by TLS and under a name that is not this machine's loopback. */
export function securityHeaders(
  kind: AnswerKind,
  { isEncrypted }: { readonly isEncrypted: boolean },
): Readonly<Record<string, string>> {
  return {
    'content-security-policy': policies[kind],
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    // What is no document has neither windows nor permissions; a page loads two dozen of it.
    ...(kind === 'page' && {
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': permissions,
    }),
    ...(isEncrypted ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  }
}

/** What is at a path. */
export function answerKind(url: string): AnswerKind {
  if (/^\/(?:trpc|api|install)(?:[/?]|$)/u.test(url)) return 'data'
  return /^\/(?:assets\/|before-start\.js$|favicon\.svg$)/u.test(url) ? 'asset' : 'page'
}

function policy(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}
