/** Where the configuration is looked for without `--config`, in this order. */
export const CONFIG_PLACES = ['zonewright.toml', '/etc/zonewright/zonewright.toml'] as const;

/** The folder in the output folder that has the holders' bundles; no zone can have this label. */
export const BUNDLES = 'bundles';
