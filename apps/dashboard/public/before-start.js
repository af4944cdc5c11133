// Runs before everything else.
// The content security policy lets no text become code: zod must not try, as it does unless told.
globalThis.__zod_globalConfig = { jitless: true }
// Before the first paint, so that a dark page never flashes white. The key is Mantine's own.
;(() => {
  const chosen = localStorage.getItem('mantine-color-scheme-value')
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
