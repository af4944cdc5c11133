/** The file that describes a Parallels bundle; by itself here, because every file that is opened is compared with it. */
export const descriptorName = 'DiskDescriptor.xml'
