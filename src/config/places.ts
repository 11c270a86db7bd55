/** Where the configuration is looked for without `--config`, in this order. */
export const CONFIG_PLACES = ['zonewright.toml', '/etc/zonewright/zonewright.toml'] as const;
