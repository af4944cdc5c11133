import { spawn } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTRPCClient, httpBatchLink } from '@trpc/client'
import type { AppRouter } from '@varve/controller/router/root'
import { accessTo } from './show-migration.ts'

/** A link that signs whoever started the fleet in once, as an admin named as this machine's user. */
export async function signInLink(url: string): Promise<string> {
  const api = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url: `${url}/trpc`, headers: () => accessTo(url) })],
  })
  const { person } = await api.account.me.query()
  const name = person?.name ?? 'admin'
  const isKnown = (await api.people.list.query()).some((known) => known.name === name)
  const link = isKnown
    ? await api.people.link.mutate({ name })
    : await api.people.add.mutate({ name, role: 'admin' })
  return link.url
}

/**
 * Opens the link in the browser of a desktop, by way of a page that only this user can read: other users see the command line
 * of a browser. Where there is no desktop nothing happens.
 */
export async function openLink(link: string, folder: string, opener: string | null): Promise<void> {
  if (opener === null) return
  const page = join(folder, 'sign-in.html')
  await rm(page, { force: true })
  const html = `<!doctype html><meta charset="utf-8"><title>Varve</title><meta http-equiv="refresh" content="0;url=${link}">`
  await writeFile(page, html, { mode: 0o600, flag: 'wx' })
  const child = spawn(opener, [page], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
