import type { ToolCommand } from '@varve/agent/tools/tool-command'

interface Removed {
  readonly group: string
  readonly name: string
  /** What it has to have besides its name, so that no other is meant. */
  readonly only: { readonly tag: string } | { readonly uuid: string }
}

/** `lvremove` of what is selected; when nothing is, that is no failure. One that is open is not removed. */
export function removeCommand({ group, name, only }: Removed): ToolCommand<null> {
  const own = 'tag' in only ? `lv_tags={${only.tag}}` : `lv_uuid=${only.uuid}`
  return {
    tool: 'lvm',
    args: ['lvremove', '--yes', '--quiet', '--select', `lv_name=${name} && ${own}`, group],
    silence: { ms: 120_000, io: true },
    parse: () => null,
  }
}
