/** Every page: its path, its first heading, and a text that is there once it is complete. */
export const pages = [
  ['/', 'Overview', 'Last results'],
  ['/hosts', 'Hosts', '2 hosts'],
  ['/hosts/north', 'north', 'Libraries'],
  ['/images', 'Images', '214 images'],
  ['/images/image-0', 'web01.vmdk', 'what the guest sees is this byte stream, and nothing else'],
  ['/migrations', 'Migrations', '4 of 4'],
  ['/migrations/migration-1', 'git09.vdi to south', 'each acts on one layer'],
  ['/migrations/migration-2', 'db02.img to south', 'What is safe'],
  ['/migrations/migration-4', 'web01.vmdk to south', 'each acts on one layer'],
  ['/activity', 'Activity', 'south connected'],
  ['/settings', 'Settings', 'Appearance'],
  ['/no/such/page', 'Nothing here', 'There is no page at this address'],
] as const
