import { changeMac, readMac } from './mac-state.ts'
import { attachAs } from './attach-stand-in.ts'
import { plistText } from './plist-text.ts'
import { begin, failWith, operandOf, say, valueOf, type Called } from './stand-in-words.ts'

const [, , path = '', ...args] = process.argv
const called: Called = { tool: 'hdiutil', path, args }
const valued = ['-imagekey', '-blocksize', '-shadow', '-mountpoint']

function isListed(of: 'licences' | 'passphrases'): boolean {
  const { [of]: listed } = readMac(path)
  return (Array.isArray(listed) ? listed : Object.keys(listed)).includes(args.at(-1) ?? '')
}

function info(): void {
  const { disks } = readMac(path)
  const images = disks.map((disk) => ({
    autodiskmount: false,
    blockcount: disk.size / 512,
    blocksize: 512,
    diskimages2: false,
    'hdid-pid': disk.pid,
    'image-encrypted': disk.isEncrypted,
    'image-path': disk.image,
    'image-type': 'lecture/écriture',
    'owner-uid': 501,
    removable: true,
    'system-entities': disk.entities.map(({ content, device, mountPoint }) => ({
      'content-hint': content,
      'dev-entry': device,
      'mount-point': mountPoint ?? undefined,
    })),
    writeable: disk.isWriteable,
  }))
  say(plistText({ framework: '683.100.3', ...(images.length > 0 && { images }) }))
}

async function attach(): Promise<void> {
  begin(called, 'attach')
  const shadow = valueOf(args, '-shadow')
  const disk = await attachAs(called, {
    image: operandOf(args.slice(1), valued),
    isReadOnly: args.includes('-readonly'),
    isRaw: valueOf(args, '-imagekey') === 'diskimage-class=CRawDiskImage',
    hasPassphrase: args.includes('-stdinpass'),
    shadow,
    knows: (format) => ['raw', 'udif', 'sparseimage', 'sparsebundle'].includes(format),
  })
  say('Checksumming whole disk (Apple_HFS : 0)…\n')
  say(
    plistText({
      'system-entities': disk.entities.map((entity) => ({
        'content-hint': entity.content,
        'dev-entry': entity.device,
        'potentially-mountable': entity.filesystem !== null,
        'unmapped-content-hint': entity.content,
      })),
    }),
  )
}

function detach(): void {
  begin(called, 'detach')
  const device = (args[1] ?? '').replace(/^\/dev\//u, '')
  const ended = changeMac(path, (state) => {
    const disk = state.disks.find(({ entities }) => entities.some((one) => one.device === `/dev/${device}`))
    if (!disk) return { code: 2, locale: state.locale }
    const left = state.busy[disk.device] ?? 0
    if (left > 0 && !args.includes('-force')) {
      state.busy[disk.device] = left - 1
      return { code: 16, locale: state.locale }
    }
    state.disks = state.disks.filter((one) => one !== disk)
    delete state.busy[disk.device]
    return { code: 0, locale: state.locale }
  })
  if (ended.code !== 0) failWith(called, ended.code, ended)
  say(`"${device}" ejected.\n`)
}

/** hdiutil(1) over the state of a Mac of the tests: the property lists of macOS 15. */
switch (args[0]) {
  case 'info':
    info()
    break
  case 'attach':
    await attach()
    break
  case 'imageinfo':
    say(plistText({ Properties: { 'Software License Agreement': isListed('licences') } }))
    break
  case 'isencrypted':
    say(plistText({ encrypted: isListed('passphrases') }))
    break
  case 'detach':
    detach()
    break
  default:
    failWith(called, 1, readMac(path))
}
