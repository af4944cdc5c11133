/** Shown in place of the dashboard when it has not been built. */
export const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Varve</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 36rem; padding: 0 1rem; color-scheme: light dark }</style>
<h1>The dashboard is not built yet</h1>
<p>The controller runs and its API answers. To build the dashboard, run <code>npm start</code> at the root of the
checkout, or <code>pnpm --filter @varve/dashboard build</code>, then start the controller again.</p>
</html>
`
