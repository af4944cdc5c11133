/** The layers of the model, guest files first (DOMAIN.md section 1). */
export const layerNumbers = ['L7', 'L6', 'L5', 'L4', 'L3', 'L2', 'L1', 'L0'] as const
export type LayerNumber = (typeof layerNumbers)[number]

/** What people call each layer, in sentence case. */
export const layerNames = {
  L7: 'Guest files',
  L6: 'Guest filesystem',
  L5: 'Guest volumes',
  L4: 'Partition table',
  L3: 'Block device',
  L2: 'Image container',
  L1: 'Host filesystem',
  L0: 'Media',
} as const satisfies Record<LayerNumber, string>
